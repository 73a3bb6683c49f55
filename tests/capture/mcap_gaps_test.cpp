#include "capture/mcap_gaps.hpp"

#include <doctest/doctest.h>

#include "capture/mcap_reader.hpp"
#include "capture/mcap_writer.hpp"

namespace mqtk {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;
using Seconds = std::vector<int>;

// A file of chunks whose messages came at these seconds, on topics in turn.
Buffer file_of(const std::vector<Seconds>& chunks) {
  McapWriter writer{{}};
  Buffer file;
  const auto take_output = [&] {
    file.insert(file.end(), writer.output().begin(), writer.output().end());
    writer.output_written();
  };
  int count = 0;
  for (const Seconds& chunk : chunks) {
    for (const int second : chunk) {
      const std::string topic = "t/" + std::to_string(count++ % 3);
      writer.append({.time = WallTime{std::chrono::seconds{second}}, .topic = topic, .payload = as_bytes("1")});
    }
    writer.close_chunk();
    take_output();
  }
  for (bool done = false; !done; take_output()) done = writer.finish();
  return file;
}

std::vector<McapChunk> chunks_of(const Buffer& file) {
  auto reader = McapReader::open(memory_source(file));
  REQUIRE(reader);
  REQUIRE((*reader)->summary() != nullptr);
  return (*reader)->summary()->chunks;
}

McapGap gap_of(const std::vector<Seconds>& chunks, std::size_t most = 64) {
  const Buffer file = file_of(chunks);
  return longest_gap(*memory_source(file), chunks_of(file), most);
}

}  // namespace

TEST_CASE("the longest gap is found between chunks and within them, whatever the topics") {
  CHECK(gap_of({{10, 12, 13}, {14, 15}}).length == 2s);
  CHECK(gap_of({{10, 11, 12}, {17, 18}}).length == 5s);
  CHECK(gap_of({{10, 11, 12}, {13, 20, 21}, {22, 25}}).length == 7s);
  CHECK(gap_of({{10, 11, 12}, {13, 20, 21}, {22, 25}}).is_exact);
  CHECK(gap_of({{10}}).length == 0s);
  CHECK(gap_of({}).length == 0s);
  CHECK(gap_of({}).is_exact);
}

TEST_CASE("a gap is exact where no chunk that was not looked into can hold a longer one") {
  const std::vector<Seconds> chunks{{10, 13, 14}, {15, 16}, {17, 18}};
  CHECK(gap_of(chunks, 1).length == 3s);
  CHECK(gap_of(chunks, 1).is_exact);
  const std::vector<Seconds> alike{{10, 12, 14}, {15, 17, 19}, {20, 21, 24}};
  CHECK(gap_of(alike, 2).length == 2s);
  CHECK_FALSE(gap_of(alike, 2).is_exact);
  CHECK(gap_of(alike, 3).length == 3s);
  CHECK(gap_of(alike, 3).is_exact);
}

TEST_CASE("chunks that overlap tell only gaps that no other chunk fills") {
  const McapGap gap = gap_of({{10, 20}, {12, 18}, {25, 26}});
  CHECK(gap.length == 5s);
  CHECK_FALSE(gap.is_exact);
}

TEST_CASE("a file whose indexes are missing or damaged tells what it can") {
  Buffer file = file_of({{10, 11, 19}, {20, 22}});
  const std::vector<McapChunk> chunks = chunks_of(file);
  file[chunks[0].offset + chunks[0].length] = 0x7F;  // no Message Index record
  const McapGap gap = longest_gap(*memory_source(file), chunks);
  CHECK(gap.length == 2s);
  CHECK_FALSE(gap.is_exact);
  for (std::size_t size = 0; size < file.size(); size += 7) {
    const Buffer cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    (void)longest_gap(*memory_source(cut), chunks);
  }
  std::vector<McapChunk> wrong = chunks;
  wrong[0].offset = UINT64_MAX - 3;
  wrong[1].first_time = UINT64_MAX;
  (void)longest_gap(*memory_source(file), wrong);
}

}  // namespace mqtk
