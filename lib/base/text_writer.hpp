// Lines made of many short pieces: each piece is copied to a small buffer in place, the string grows once for all.
//
// The surprise: what was written stands in the string only when the writer has died, or has been full.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mqtk {

class TextWriter {
 public:
  static constexpr std::size_t capacity = 1024;

  // `out` outlives the writer.
  explicit TextWriter(std::string& out) : out_(out) {}
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;
  ~TextWriter() { flush(); }

  // Inline, so that the copy of a literal is no call.
  [[gnu::always_inline]] TextWriter& operator+=(std::string_view text) {
    if (text.size() > capacity - used_) {
      append_long(text);
    } else {
      std::memcpy(buffer_.data() + used_, text.data(), text.size());
      used_ += text.size();
    }
    return *this;
  }
  TextWriter& operator+=(char c) {
    if (used_ == capacity) flush();
    buffer_[used_++] = c;
    return *this;
  }
  void append(std::size_t count, char c) {
    for (; count > 0; --count) *this += c;
  }

  void number(std::uint64_t value) {
    if (capacity - used_ < max_digits) flush();
    std::size_t count = 1;
    for (std::uint64_t limit = 10; count < max_digits && value >= limit; limit *= 10) ++count;
    for (std::size_t at = used_ + count; at > used_; value /= 10) buffer_[--at] = static_cast<char>('0' + value % 10);
    used_ += count;
  }

  // So many characters so far.
  [[nodiscard]] std::size_t written() const { return flushed_ + used_; }
  // Takes back what was written last; `count` is at most what has been written since the string last grew.
  void take_back(std::size_t count) { used_ -= count; }

 private:
  static constexpr std::size_t max_digits = 20;

  void flush() {
    out_.append(buffer_.data(), used_);
    flushed_ += used_;
    used_ = 0;
  }
  void append_long(std::string_view text) {
    flush();
    out_.append(text);
    flushed_ += text.size();
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::size_t flushed_ = 0;
  std::array<char, capacity> buffer_;
};

}  // namespace mqtk
