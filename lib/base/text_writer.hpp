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
      text.copy(buffer_.data() + used_, text.size());
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
    if (count > capacity - used_) {
      append_long(std::string(count, c));
    } else {
      std::memset(buffer_.data() + used_, c, count);
      used_ += count;
    }
  }

  void number(std::uint64_t value) {
    if (capacity - used_ < max_digits) flush();
    std::size_t count = 1;
    for (std::uint64_t limit = 10; count < max_digits && value >= limit; limit *= 10) ++count;
    char* at = buffer_.data() + used_ + count;
    for (; value >= 100; value /= 100) {
      at -= 2;
      std::memcpy(at, pairs.data() + value % 100 * 2, 2);
    }
    if (value >= 10) {
      std::memcpy(at - 2, pairs.data() + value * 2, 2);
    } else {
      at[-1] = static_cast<char>('0' + value);
    }
    used_ += count;
  }

  // So many characters so far.
  [[nodiscard]] std::size_t written() const { return flushed_ + used_; }
  // Takes back what was written last; `count` is at most what has been written since the string last grew.
  void take_back(std::size_t count) { used_ -= count; }

 private:
  static constexpr std::size_t max_digits = 20;
  // "00" to "99": two digits for each division.
  static constexpr std::array<char, 200> pairs = [] {
    std::array<char, 200> all{};
    for (std::size_t i = 0; i < 100; ++i) {
      all[2 * i] = static_cast<char>('0' + i / 10);
      all[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return all;
  }();

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
