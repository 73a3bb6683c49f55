// An MCAP file of anybody: reading ends, and what it gives can be written and read again.
#include "capture/mcap_reader.hpp"
#include "capture/mcap_writer.hpp"
#include "codec/topic.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

namespace {

constexpr std::size_t most_copied = 1000;

std::uint64_t read_through(RecordingReader& reader, RecordingWriter* copy) {
  std::uint64_t messages = 0;
  MessageRecord message;
  for (;;) {
    const RecordingReader::State state = reader.next(message);
    if (state == RecordingReader::State::end) return messages;
    if (state == RecordingReader::State::damaged) {
      expect(!reader.problem().empty(), "damage is told");
      continue;
    }
    expect(!TopicName::check(message.topic), "every topic is a Topic Name");
    ++messages;
    if (copy != nullptr && messages <= most_copied) copy->append(message);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto reader = McapReader::open(memory_source({data, size}));
  if (!reader) return 0;
  McapWriter writer{{}};
  const std::uint64_t messages = read_through(**reader, &writer);
  (void)(*reader)->recording_metadata();
  std::vector<std::uint8_t> file;
  for (bool done = false; !done;) {
    done = writer.finish();
    file.insert(file.end(), writer.output().begin(), writer.output().end());
    writer.output_written();
  }
  auto again = McapReader::open(memory_source(file));
  expect(again.has_value() && (*again)->summary() != nullptr, "what was written has a summary");
  expect(read_through(**again, nullptr) == std::min<std::uint64_t>(messages, most_copied), "and all messages");
  return 0;
}
