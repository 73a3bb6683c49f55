// The records of one MCAP chunk after another: read, decompressed and checked.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "capture/byte_source.hpp"
#include "capture/compression.hpp"

namespace mqtk {

class McapChunkLoader {
 public:
  // An MQTT packet has at most 256 MiB; a chunk of ours is its last message longer than 1 MiB at most.
  static constexpr std::uint64_t largest_chunk = std::uint64_t{288} * 1024 * 1024;

  explicit McapChunkLoader(ByteSource& source) : source_(source), window_(source) {}

  // The records of the chunk whose content, without the head of the record, is there; valid until the next call. The
  // error says what is wrong with it.
  [[nodiscard]] std::expected<Bytes, std::string> load(std::uint64_t offset, std::uint64_t length);
  // Likewise of the whole record, which must be one of a chunk; `length` is what the index says.
  [[nodiscard]] std::expected<Bytes, std::string> load_record(std::uint64_t offset, std::uint64_t length);

  // Where it reads; a look there ends what was loaded.
  [[nodiscard]] SourceWindow& window() { return window_; }

 private:
  ByteSource& source_;
  SourceWindow window_;
  Decompressor decompressor_;
  GrowingBytes decompressed_;
};

}  // namespace mqtk
