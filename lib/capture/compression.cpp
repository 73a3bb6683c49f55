#include "capture/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <new>

namespace mqtk {

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

struct Unpacker::Context {
  explicit Context(Kind of) : kind(of) {
    if (kind == Kind::zstd) {
      zstd = ZSTD_createDCtx();
      if (zstd == nullptr) throw std::bad_alloc{};
      // A window beyond this is nothing that a capture was ever packed with.
      ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, 27);
    } else if (::inflateInit2(&gzip, 15 + 16) != Z_OK) {
      throw std::bad_alloc{};
    }
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    if (kind == Kind::gzip) ::inflateEnd(&gzip);
    ZSTD_freeDCtx(zstd);
  }
  Kind kind;
  ZSTD_DCtx* zstd = nullptr;
  z_stream gzip{};
};

Unpacker::Unpacker(Kind kind) : context_(std::make_unique<Context>(kind)) {}
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker::~Unpacker() = default;

std::optional<Unpacker::Kind> Unpacker::recognize(Bytes head) {
  if (head.size() < 4) return std::nullopt;
  if (head[0] == 0x1F && head[1] == 0x8B) return Kind::gzip;
  if (head[0] == 0x28 && head[1] == 0xB5 && head[2] == 0x2F && head[3] == 0xFD) return Kind::zstd;
  return std::nullopt;
}

std::optional<std::size_t> Unpacker::unpack(Bytes& from, MutableBytes to) {
  if (context_->kind == Kind::zstd) {
    // Without input it would begin a frame that nobody sent.
    if (from.empty() && at_end_) return 0;
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    ZSTD_outBuffer out{to.data(), to.size(), 0};
    const std::size_t hint = ZSTD_decompressStream(context_->zstd, &out, &in);
    if (ZSTD_isError(hint) != 0) return std::nullopt;
    from = from.subspan(in.pos);
    at_end_ = hint == 0;
    return out.pos;
  }
  z_stream& state = context_->gzip;
  if (from.empty()) return 0;
  // zlib does not write to its input, but older versions do not say so.
  state.next_in = const_cast<std::uint8_t*>(from.data());
  state.avail_in = static_cast<uInt>(from.size());
  state.next_out = to.data();
  state.avail_out = static_cast<uInt>(to.size());
  const int result = ::inflate(&state, Z_NO_FLUSH);
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::nullopt;
  from = from.subspan(from.size() - state.avail_in);
  at_end_ = result == Z_STREAM_END;
  if (at_end_) ::inflateReset(&state);
  return to.size() - state.avail_out;
}

}  // namespace mqtk
