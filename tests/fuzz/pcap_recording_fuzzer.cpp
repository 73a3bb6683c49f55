// A packet capture of anybody, down to its PUBLISH packets.
#include "capture/pcap_recording.hpp"
#include "codec/topic.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto reader = make_pcap_recording(memory_stream({data, size}), CaptureDirection::both);
  MessageRecord message;
  for (std::size_t i = 0; i <= size + 1; ++i) {
    const RecordingReader::State state = reader->next(message);
    if (state == RecordingReader::State::end) return 0;
    if (state == RecordingReader::State::message) {
      expect(!TopicName::check(message.topic), "every topic is a Topic Name");
    }
  }
  expect(false, "there are no more messages than bytes");
  return 0;
}
