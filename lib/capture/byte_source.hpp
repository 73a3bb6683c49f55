// Bytes that can be read at any offset: a file, or memory.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `to` from `offset` on. Fewer bytes than asked for: the end.
  [[nodiscard]] virtual std::expected<std::size_t, std::error_code> read(std::uint64_t offset, MutableBytes to) = 0;
};

// The file's size is that at opening: what a recorder adds later is not seen.
[[nodiscard]] std::expected<std::unique_ptr<ByteSource>, std::error_code> open_file(const std::string& path);

// The caller keeps the bytes alive.
[[nodiscard]] std::unique_ptr<ByteSource> memory_source(Bytes bytes);

// A part of a source, held in memory: for walking over records without a read for each.
class SourceWindow {
 public:
  explicit SourceWindow(ByteSource& source) : source_(source) {}

  // `count` bytes from `offset` on, or as many as there are. Valid until the next call. A reading error looks like the
  // end here; error() tells it.
  [[nodiscard]] Bytes at(std::uint64_t offset, std::size_t count);
  [[nodiscard]] std::error_code error() const { return error_; }

 private:
  static constexpr std::size_t block_bytes = 256 * 1024;

  ByteSource& source_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t start_ = 0;
  std::error_code error_;
};

}  // namespace mqtk
