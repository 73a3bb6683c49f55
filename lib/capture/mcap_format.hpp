// The records of an MCAP file (the published format, version 0): numbers in little endian, text with a length of four
// bytes in front.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"
#include "capture/growing_bytes.hpp"

namespace mqtk::mcap {

inline constexpr std::array<std::uint8_t, 8> magic{0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n'};

enum class Opcode : std::uint8_t {
  header = 0x01,
  footer = 0x02,
  schema = 0x03,
  channel = 0x04,
  message = 0x05,
  chunk = 0x06,
  message_index = 0x07,
  chunk_index = 0x08,
  statistics = 0x0B,
  metadata = 0x0C,
  metadata_index = 0x0D,
  summary_offset = 0x0E,
  data_end = 0x0F,
};

inline constexpr std::size_t record_head_bytes = 9;    // opcode and length
inline constexpr std::size_t message_head_bytes = 22;  // channel, sequence, two times
inline constexpr std::size_t footer_bytes = 20;        // without its head

template <class T>
void put(std::uint8_t* at, T value) {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  std::memcpy(at, &value, sizeof value);
}

template <class T>
[[nodiscard]] T get(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

// Appends records and their parts.
class Appender {
 public:
  explicit Appender(GrowingBytes& out) : out_(out) {}

  template <class T>
  Appender& number(T value) {
    put(out_.append(sizeof value), value);
    return *this;
  }
  Appender& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    out_.append(as_bytes(text));
    return *this;
  }
  // Opens a record; end_record() fills in its length.
  Appender& begin_record(Opcode opcode) {
    number(static_cast<std::uint8_t>(opcode));
    start_ = out_.size();
    return number(std::uint64_t{0});
  }
  void end_record() {
    put(out_.data() + start_, static_cast<std::uint64_t>(out_.size() - start_ - sizeof(std::uint64_t)));
  }

 private:
  GrowingBytes& out_;
  std::size_t start_ = 0;
};

// Reads parts in order. Behind the end everything is 0 or empty, and ok() is false.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    const Bytes part = take(sizeof(T));
    return part.empty() ? T{} : get<T>(part.data());
  }
  std::string_view text() { return as_text(take(number<std::uint32_t>())); }
  Bytes take(std::uint64_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const Bytes part = bytes_.first(static_cast<std::size_t>(count));
    bytes_ = bytes_.subspan(part.size());
    return part;
  }
  [[nodiscard]] Bytes rest() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  Bytes bytes_;
  bool ok_ = true;
};

}  // namespace mqtk::mcap
