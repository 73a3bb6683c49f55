// zstd and the CRC that goes with it, the only place that knows these libraries.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "capture/growing_bytes.hpp"

namespace mqtk {

// CRC-32 as zlib computes it; goes on from the CRC of earlier bytes.
[[nodiscard]] std::uint32_t crc32(Bytes bytes, std::uint32_t before = 0);

class Compressor {
 public:
  explicit Compressor(int level);
  Compressor(Compressor&&) noexcept;
  ~Compressor();
  // One zstd frame, appended to `out`.
  void compress(Bytes bytes, GrowingBytes& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  // Exactly `size` bytes out of the frame, which replace what `out` holds; false if it is no such frame.
  [[nodiscard]] bool decompress(Bytes frame, std::size_t size, GrowingBytes& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace mqtk
