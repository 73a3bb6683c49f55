#include "capture/mcap_chunk_loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/crc32.hpp"
#include "capture/mcap_format.hpp"

namespace mqtk {

using mcap::Cursor;
using mcap::Opcode;

std::expected<Bytes, std::string> McapChunkLoader::load_record(std::uint64_t offset, std::uint64_t length) {
  // One read for all of it.
  (void)window_.at(offset, static_cast<std::size_t>(std::min(length, largest_chunk)));
  Cursor head{window_.at(offset, mcap::record_head_bytes)};
  const auto opcode = static_cast<Opcode>(head.number<std::uint8_t>());
  const auto content = head.number<std::uint64_t>();
  if (!head.ok() || opcode != Opcode::chunk || content > source_.size()) {
    return std::unexpected("the index names a chunk where none is");
  }
  return load(offset + mcap::record_head_bytes, content);
}

std::expected<Bytes, std::string> McapChunkLoader::load(std::uint64_t offset, std::uint64_t length) {
  if (length > largest_chunk) return std::unexpected("a chunk is larger than any of a recording");
  Cursor from{window_.at(offset, static_cast<std::size_t>(length))};
  if (from.rest().size() != length) return std::unexpected("the file ends inside a chunk");
  (void)from.take(16);
  const auto uncompressed = from.number<std::uint64_t>();
  const auto crc = from.number<std::uint32_t>();
  const std::string_view compression = from.text();
  const Bytes data = from.take(from.number<std::uint64_t>());
  if (!from.ok() || uncompressed > largest_chunk) return std::unexpected("the head of a chunk is damaged");
  Bytes records = data;
  if (compression.empty()) {
    if (data.size() != uncompressed) return std::unexpected("the head of a chunk is damaged");
  } else if (compression == "zstd") {
    if (!decompressor_.decompress(data, static_cast<std::size_t>(uncompressed), decompressed_)) {
      return std::unexpected("a chunk cannot be decompressed");
    }
    records = decompressed_.view();
  } else {
    return std::unexpected(fmt::format("a chunk is compressed with {}; only zstd can be read",
                                       compression == "lz4" ? "lz4" : "something unknown"));
  }
  if (crc != 0 && crc != crc32(records)) return std::unexpected("a chunk is damaged: its checksum is wrong");
  return records;
}

}  // namespace mqtk
