#include "payload/message_pack.hpp"

#include <bit>
#include <optional>

#include "base/byte_order.hpp"
#include "base/time.hpp"

namespace mqtk {
namespace {

constexpr int max_depth = 100;

class MessagePackReader {
 public:
  MessagePackReader(Bytes payload, std::string& out, Notation notation) : payload_(payload), text_(out, notation) {}

  bool read_all() {
    if (!value(0)) return false;
    return at_ == payload_.size() || fail("bytes follow the value");
  }
  [[nodiscard]] PayloadFault take_fault() { return std::move(fault_); }

 private:
  bool fail(std::string_view what) {
    if (fault_.message.empty()) fault_ = {at_, std::string{what}};
    return false;
  }

  template <class T>
  bool take(T& to) {
    if (payload_.size() - at_ < sizeof(T)) return fail("the payload ends inside a number");
    to = load_big_endian<T>(payload_.data() + at_);
    at_ += sizeof(T);
    return true;
  }
  // A length of 1, 2 or 4 bytes.
  bool length(unsigned size_exponent, std::uint32_t& to);
  bool value(int depth);
  bool sized(std::uint8_t first, int depth);
  bool number(std::uint8_t first);
  bool string(std::uint32_t size);
  bool binary(std::uint32_t size);
  bool extension(std::uint32_t size);
  bool array(std::uint32_t count, int depth);
  bool map(std::uint32_t count, int depth);
  bool key(int depth);
  bool bytes(std::uint32_t size, Bytes& to);

  Bytes payload_;
  ValueText text_;
  std::size_t at_ = 0;
  PayloadFault fault_;
};

bool MessagePackReader::length(unsigned size_exponent, std::uint32_t& to) {
  if (size_exponent == 2) return take(to);
  if (size_exponent == 1) {
    std::uint16_t wide = 0;
    if (!take(wide)) return false;
    to = wide;
    return true;
  }
  std::uint8_t narrow = 0;
  if (!take(narrow)) return false;
  to = narrow;
  return true;
}

bool MessagePackReader::bytes(std::uint32_t size, Bytes& to) {
  if (payload_.size() - at_ < size) return fail("the payload ends inside a string");
  to = payload_.subspan(at_, size);
  at_ += size;
  return true;
}

bool MessagePackReader::value(int depth) {
  if (depth > max_depth) return fail("values are nested too deeply");
  if (at_ >= payload_.size()) return fail("the payload ends where a value must be");
  const std::uint8_t first = payload_[at_++];
  if (first < 0x80) {
    text_.number(std::uint64_t{first});
  } else if (first < 0x90) {
    return map(first & 0x0FU, depth);
  } else if (first < 0xA0) {
    return array(first & 0x0FU, depth);
  } else if (first < 0xC0) {
    return string(first & 0x1FU);
  } else if (first >= 0xE0) {
    text_.number(std::int64_t{static_cast<std::int8_t>(first)});
  } else {
    return sized(first, depth);
  }
  return true;
}

bool MessagePackReader::sized(std::uint8_t first, int depth) {
  std::uint32_t size = 0;
  switch (first) {
    case 0xC0: text_.null(); return true;
    case 0xC2:
    case 0xC3: text_.boolean(first == 0xC3); return true;
    case 0xC4:
    case 0xC5:
    case 0xC6: return length(first - 0xC4U, size) && binary(size);
    case 0xC7:
    case 0xC8:
    case 0xC9: return length(first - 0xC7U, size) && extension(size);
    case 0xD4:
    case 0xD5:
    case 0xD6:
    case 0xD7:
    case 0xD8: return extension(1U << (first - 0xD4U));
    case 0xD9:
    case 0xDA:
    case 0xDB: return length(first - 0xD9U, size) && string(size);
    case 0xDC:
    case 0xDD: return length(first - 0xDBU, size) && array(size, depth);
    case 0xDE:
    case 0xDF: return length(first - 0xDDU, size) && map(size, depth);
    case 0xC1: --at_; return fail("the byte c1 stands for nothing");
    default: return number(first);
  }
}

bool MessagePackReader::number(std::uint8_t first) {
  const auto read = [&]<class T>(T raw, auto convert) {
    if (!take(raw)) return false;
    text_.number(convert(raw));
    return true;
  };
  const auto plain = [](auto raw) { return std::uint64_t{raw}; };
  switch (first) {
    case 0xCA: return read(std::uint32_t{}, [](std::uint32_t raw) { return std::bit_cast<float>(raw); });
    case 0xCB: return read(std::uint64_t{}, [](std::uint64_t raw) { return std::bit_cast<double>(raw); });
    case 0xCC: return read(std::uint8_t{}, plain);
    case 0xCD: return read(std::uint16_t{}, plain);
    case 0xCE: return read(std::uint32_t{}, plain);
    case 0xCF: return read(std::uint64_t{}, plain);
    case 0xD0:
      return read(std::uint8_t{}, [](std::uint8_t raw) { return std::int64_t{static_cast<std::int8_t>(raw)}; });
    case 0xD1:
      return read(std::uint16_t{}, [](std::uint16_t raw) { return std::int64_t{static_cast<std::int16_t>(raw)}; });
    case 0xD2:
      return read(std::uint32_t{}, [](std::uint32_t raw) { return std::int64_t{static_cast<std::int32_t>(raw)}; });
    default: return read(std::uint64_t{}, [](std::uint64_t raw) { return static_cast<std::int64_t>(raw); });
  }
}

bool MessagePackReader::string(std::uint32_t size) {
  Bytes text;
  if (!bytes(size, text)) return false;
  if (!is_utf8(text)) {
    text_.bytes(text);
  } else {
    text_.text(as_text(text));
  }
  return true;
}

bool MessagePackReader::binary(std::uint32_t size) {
  Bytes value;
  if (!bytes(size, value)) return false;
  text_.bytes(value);
  return true;
}

std::optional<WallTime> timestamp(Bytes value) {
  std::uint64_t nanoseconds = 0;
  std::int64_t seconds = 0;
  if (value.size() == 4) {
    seconds = load_big_endian<std::uint32_t>(value.data());
  } else if (value.size() == 8) {
    const auto both = load_big_endian<std::uint64_t>(value.data());
    nanoseconds = both >> 34U;
    seconds = static_cast<std::int64_t>(both & 0x3'FFFF'FFFFU);
  } else if (value.size() == 12) {
    nanoseconds = load_big_endian<std::uint32_t>(value.data());
    seconds = static_cast<std::int64_t>(load_big_endian<std::uint64_t>(value.data() + 4));
  } else {
    return std::nullopt;
  }
  constexpr std::int64_t limit = 9'200'000'000;  // what nanoseconds in 64 bits reach
  if (nanoseconds > 999'999'999 || seconds < -limit || seconds > limit) return std::nullopt;
  return WallTime{std::chrono::seconds{seconds} + Duration{static_cast<std::int64_t>(nanoseconds)}};
}

bool MessagePackReader::extension(std::uint32_t size) {
  std::uint8_t kind = 0;
  Bytes value;
  if (!take(kind) || !bytes(size, value)) return false;
  const auto type = static_cast<std::int8_t>(kind);
  if (const auto time = type == -1 ? timestamp(value) : std::nullopt) {
    text_.text(rfc3339(*time));
    return true;
  }
  if (text_.is_json()) {
    text_.bytes(value);
    return true;
  }
  text_.punctuation("ext(");
  text_.number(std::int64_t{type});
  text_.punctuation(", ");
  text_.bytes(value);
  text_.punctuation(")");
  return true;
}

bool MessagePackReader::array(std::uint32_t count, int depth) {
  text_.punctuation("[");
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) text_.punctuation(text_.is_json() ? "," : ", ");
    if (!value(depth + 1)) return false;
  }
  text_.punctuation("]");
  return true;
}

bool MessagePackReader::map(std::uint32_t count, int depth) {
  text_.punctuation("{");
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) text_.punctuation(text_.is_json() ? "," : ", ");
    if (!key(depth + 1)) return false;
    text_.punctuation(text_.is_json() ? ":" : ": ");
    if (!value(depth + 1)) return false;
  }
  text_.punctuation("}");
  return true;
}

bool MessagePackReader::key(int depth) {
  if (!text_.is_json()) return value(depth);
  std::string key;
  MessagePackReader reader{payload_, key, Notation::diagnostic};
  reader.at_ = at_;
  if (!reader.value(depth)) {
    fault_ = reader.take_fault();
    return false;
  }
  at_ = reader.at_;
  if (key.starts_with('"')) {
    text_.punctuation(key);
  } else {
    text_.text(key);
  }
  return true;
}

}  // namespace

std::expected<std::string, PayloadFault> message_pack_text(Bytes payload, Notation notation) {
  std::string out;
  MessagePackReader reader{payload, out, notation};
  if (!reader.read_all()) return std::unexpected(reader.take_fault());
  return out;
}

}  // namespace mqtk
