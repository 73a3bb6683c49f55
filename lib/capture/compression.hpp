// zstd and gzip, the only place that knows these libraries.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "capture/growing_bytes.hpp"

namespace mqtk {

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

// A whole file of gzip or zstd, in pieces: frames or members one after another are one file.
class Unpacker {
 public:
  enum class Kind : std::uint8_t { gzip, zstd };
  // By the file's first bytes, four at least.
  [[nodiscard]] static std::optional<Kind> recognize(Bytes head);

  explicit Unpacker(Kind kind);
  Unpacker(Unpacker&&) noexcept;
  ~Unpacker();

  // Unpacks into `to` and takes what it has used from the front of `from`; 0 when more input is needed. Nothing when
  // the file is damaged.
  [[nodiscard]] std::optional<std::size_t> unpack(Bytes& from, MutableBytes to);
  // Whether the input may end here.
  [[nodiscard]] bool at_end() const { return at_end_; }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  bool at_end_ = true;
};

}  // namespace mqtk
