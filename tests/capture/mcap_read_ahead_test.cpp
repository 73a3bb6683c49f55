// The thread alone. With the thread sanitizer this is a program of its own: it needs little of the layer.
#include "capture/mcap_read_ahead.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "capture/crc32.hpp"
#include "capture/mcap_format.hpp"

using namespace mqtk;

namespace {

// Chunks one behind the other; the records of each are the bytes of a text.
struct Chunks {
  GrowingBytes file = {};
  std::vector<McapReadAhead::Chunk> places = {};

  void add(std::string_view records, bool damaged = false) {
    const std::size_t offset = file.size();
    GrowingBytes packed;
    Compressor{1}.compress(as_bytes(records), packed);
    mcap::Appender to{file};
    to.begin_record(mcap::Opcode::chunk).number(std::uint64_t{0}).number(std::uint64_t{0});
    to.number(static_cast<std::uint64_t>(records.size())).number(crc32(as_bytes(records)) ^ (damaged ? 1U : 0U));
    to.text("zstd").number(static_cast<std::uint64_t>(packed.size()));
    file.append(packed.view());
    to.end_record();
    places.push_back({places.size(), offset, file.size() - offset});
  }
};

// Larger than a processor's first cache, different for each number.
std::string text_of(std::size_t number) {
  std::string text;
  while (text.size() < 100'000) text += std::to_string(number * 7919 + text.size());
  return text;
}

}  // namespace

TEST_CASE("chunks come in the order in which they were asked for") {
  Chunks chunks;
  for (std::size_t i = 0; i < 40; ++i) chunks.add(text_of(i));
  const auto source = memory_source(chunks.file.view());
  McapReadAhead ahead{*source};
  std::size_t asked = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    while (asked < 40 && ahead.has_room()) ahead.ask(chunks.places[asked++]);
    const auto loaded = ahead.take();
    REQUIRE(loaded);
    CHECK(loaded->index == i);
    // Read while the thread loads those behind it.
    REQUIRE(loaded->records);
    CHECK((as_text(*loaded->records) == text_of(i)));
  }
  CHECK_FALSE(ahead.take());
}

TEST_CASE("a chunk that is damaged costs no other") {
  Chunks chunks;
  chunks.add("first");
  chunks.add("second", true);
  chunks.add("third");
  const auto source = memory_source(chunks.file.view());
  McapReadAhead ahead{*source};
  for (const auto& place : chunks.places) ahead.ask(place);
  CHECK_FALSE(ahead.has_room());
  CHECK(as_text(ahead.take()->records.value()) == "first");
  CHECK(ahead.take()->records.error() == "a chunk is damaged: its checksum is wrong");
  CHECK(as_text(ahead.take()->records.value()) == "third");
  CHECK(ahead.has_room());
}

TEST_CASE("the file may be read elsewhere meanwhile, and the thread be ended at any time") {
  Chunks chunks;
  for (std::size_t i = 0; i < 3; ++i) chunks.add(text_of(i));
  const auto source = memory_source(chunks.file.view());
  for (std::size_t taken = 0; taken <= 3; ++taken) {
    McapReadAhead ahead{*source};
    for (const auto& place : chunks.places) ahead.ask(place);
    for (std::size_t i = 0; i < taken; ++i) CHECK(ahead.take()->records);
    McapChunkLoader loader{*source};
    const auto records = loader.load_record(chunks.places[2].offset, chunks.places[2].length);
    REQUIRE(records);
    CHECK((as_text(*records) == text_of(2)));
  }
}
