// What a reader hands out that has its chunks loaded by another thread.
#include <doctest/doctest.h>

#include "capture/mcap_read_back.hpp"
#include "capture/mcap_writer.hpp"

using namespace mqtk;
using State = RecordingReader::State;

namespace {

using Buffer = std::vector<std::uint8_t>;

WallTime at_second(std::int64_t second) { return WallTime{std::chrono::seconds{second}}; }

// `count` messages, one a second, `in_chunk` of them in each chunk.
Buffer file_of(int count, int in_chunk) {
  McapWriter writer{{}};
  Buffer file;
  const auto take_output = [&] {
    file.insert(file.end(), writer.output().begin(), writer.output().end());
    writer.output_written();
  };
  for (int i = 0; i < count; ++i) {
    const std::string payload = std::to_string(i);
    writer.append({.time = at_second(i), .topic = "t", .payload = as_bytes(payload)});
    if (i % in_chunk == in_chunk - 1) writer.close_chunk();
    take_output();
  }
  for (bool done = false; !done; take_output()) done = writer.finish();
  return file;
}

void check_same(const Buffer& file, const TimeRange& range = {}) {
  const ReadBack plain = read_back(file, range);
  const ReadBack ahead = read_back(file, range, Ahead::yes);
  CHECK(ahead.payloads == plain.payloads);
  CHECK(ahead.problems == plain.problems);
}

}  // namespace

TEST_CASE("reading ahead gives every message once and in order") {
  const ReadBack ahead = read_back(file_of(100, 3), {}, Ahead::yes);
  REQUIRE(ahead.payloads.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(ahead.payloads[i] == std::to_string(i));
  CHECK(ahead.problems.empty());
}

TEST_CASE("reading ahead changes nothing but the time that it takes") {
  Buffer file = file_of(100, 10);
  check_same(file, {.from = at_second(35), .to = at_second(52)});
  check_same(file_of(0, 1));
  check_same(file_of(1, 1));
  check_same(Buffer(file.begin(), file.end() - 20));  // without a summary
  for (std::size_t at = 100; at < file.size(); at += 97) {
    file[at] ^= 0x10;
    check_same(file);
    file[at] ^= 0x10;
  }
}

TEST_CASE("a chunk that is too large to be read ahead comes in its place") {
  McapWriter writer{{}};
  Buffer file;
  const std::string large(McapReadAhead::largest_chunk + 1, 'x');
  std::vector<std::string> sent;
  for (int i = 0; i < 12; ++i) {
    sent.push_back(i % 4 == 1 ? large : std::to_string(i));
    writer.append({.time = at_second(i), .topic = "t", .payload = as_bytes(sent.back())});
    writer.close_chunk();
    file.insert(file.end(), writer.output().begin(), writer.output().end());
    writer.output_written();
  }
  for (bool done = false; !done; writer.output_written()) {
    done = writer.finish();
    file.insert(file.end(), writer.output().begin(), writer.output().end());
  }
  CHECK((read_back(file, {}, Ahead::yes).payloads == sent));
}

TEST_CASE("another range may be wanted while chunks are read ahead") {
  const Buffer file = file_of(100, 10);
  auto reader = McapReader::open(memory_source(file));
  (*reader)->read_ahead();
  (*reader)->want({.from = at_second(0), .to = at_second(5)});
  MessageRecord message;
  REQUIRE((*reader)->next(message) == State::message);
  (*reader)->want({.from = at_second(90), .to = {}});
  for (int i = 0; i < 10; ++i) REQUIRE((*reader)->next(message) == State::message);
  CHECK(as_text(message.payload) == "90");
}

TEST_CASE("a reader may be left while chunks are being read ahead") {
  const Buffer file = file_of(100, 10);
  for (int used = 0; used < 30; ++used) {
    auto reader = McapReader::open(memory_source(file));
    (*reader)->read_ahead();
    MessageRecord message;
    for (int i = 0; i < used; ++i) REQUIRE((*reader)->next(message) == State::message);
  }
}
