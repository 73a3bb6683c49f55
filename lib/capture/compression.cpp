#include "capture/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <new>

namespace mqtk {

std::uint32_t crc32(Bytes bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(::crc32_z(before, bytes.data(), bytes.size()));
}

struct Compressor::Context {
  ZSTD_CCtx* state = ZSTD_createCCtx();
  Context() {
    if (state == nullptr) throw std::bad_alloc{};
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeCCtx(state); }
};

Compressor::Compressor(int level) : context_(std::make_unique<Context>()) {
  ZSTD_CCtx_setParameter(context_->state, ZSTD_c_compressionLevel, level);
}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

void Compressor::compress(Bytes bytes, GrowingBytes& out) {
  const std::size_t room = ZSTD_compressBound(bytes.size());
  const std::size_t before = out.size();
  std::uint8_t* at = out.append(room);
  const std::size_t size = ZSTD_compress2(context_->state, at, room, bytes.data(), bytes.size());
  // With room for the worst case only memory can fail.
  if (ZSTD_isError(size) != 0) throw std::bad_alloc{};
  out.shrink(before + size);
}

struct Decompressor::Context {
  ZSTD_DCtx* state = ZSTD_createDCtx();
  Context() {
    if (state == nullptr) throw std::bad_alloc{};
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeDCtx(state); }
};

Decompressor::Decompressor() : context_(std::make_unique<Context>()) {}
Decompressor::~Decompressor() = default;

bool Decompressor::decompress(Bytes frame, std::size_t size, GrowingBytes& out) {
  out.clear();
  std::uint8_t* at = out.append(size);
  return ZSTD_decompressDCtx(context_->state, at, size, frame.data(), frame.size()) == size;
}

}  // namespace mqtk
