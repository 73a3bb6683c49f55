// Lines of a source of bytes, with bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/bytes.hpp"

namespace mqtk {

// Bytes in order: a file, a pipe, memory.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills the front of `to`; 0 at the end. Waits for bytes where they come from a pipe.
  [[nodiscard]] virtual std::size_t read(MutableBytes to) = 0;
  [[nodiscard]] virtual std::error_code error() const { return {}; }
};

// Does not own the descriptor.
[[nodiscard]] std::unique_ptr<ByteStream> descriptor_stream(int descriptor);
// Opens a file; the error of the stream tells where that failed.
[[nodiscard]] std::unique_ptr<ByteStream> file_stream(const std::string& path);
// The caller keeps the bytes alive.
[[nodiscard]] std::unique_ptr<ByteStream> memory_stream(Bytes bytes);

class LineSource {
 public:
  LineSource(std::unique_ptr<ByteStream> stream, std::size_t longest) : stream_(std::move(stream)), longest_(longest) {}

  enum class State : std::uint8_t { line, end, too_long, failed };
  // The next line without its line feed, valid until the next call. A line that is too long is passed over.
  [[nodiscard]] State next(std::string_view& line);
  // Counts from 1; of the line handed out last.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::error_code error() const { return stream_->error(); }
  // The last line had no line feed: the file may have been cut in it.
  [[nodiscard]] bool was_cut() const { return cut_; }

 private:
  [[nodiscard]] bool fill();

  std::unique_ptr<ByteStream> stream_;
  std::size_t longest_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  bool ended_ = false;
  bool cut_ = false;
};

}  // namespace mqtk
