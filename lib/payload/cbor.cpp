#include "payload/cbor.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/byte_order.hpp"

namespace mqtk {
namespace {

constexpr int max_depth = 100;
constexpr std::uint8_t indefinite = 31;

double half_float(std::uint16_t half) {
  const int exponent = (half >> 10U) & 0x1F;
  const double fraction = half & 0x3FFU;
  const double value = exponent == 0    ? std::ldexp(fraction, -24)
                       : exponent != 31 ? std::ldexp(fraction + 1024, exponent - 25)
                       : fraction == 0  ? HUGE_VAL
                                        : std::nan("");
  return (half & 0x8000U) != 0 ? -value : value;
}

class CborReader {
 public:
  CborReader(Bytes payload, std::string& out, Notation notation) : payload_(payload), text_(out, notation) {}

  bool read_all() {
    if (!item(0)) return false;
    return at_ == payload_.size() || fail("bytes follow the value");
  }
  [[nodiscard]] PayloadFault take_fault() { return std::move(fault_); }

 private:
  struct Head {
    std::uint8_t major = 0;
    std::uint8_t additional = 0;
    std::uint64_t argument = 0;
    std::size_t offset = 0;
  };

  bool fail(std::string_view what) { return fail_at(at_, what); }
  bool fail_at(std::size_t offset, std::string_view what) {
    if (fault_.message.empty()) fault_ = {offset, std::string{what}};
    return false;
  }

  bool head(Head& to);
  bool item(int depth);
  bool content(const Head& head, int depth);
  bool string(const Head& head);
  bool chunks(const Head& head);
  bool array(const Head& head, int depth);
  bool map(const Head& head, int depth);
  bool key(int depth);
  bool tag(const Head& head, int depth);
  bool simple(const Head& head);
  [[nodiscard]] bool take_break();
  void append_string(const Head& head, Bytes bytes);

  Bytes payload_;
  ValueText text_;
  std::size_t at_ = 0;
  PayloadFault fault_;
};

bool CborReader::head(Head& to) {
  if (at_ >= payload_.size()) return fail("the payload ends where a value must be");
  to.offset = at_;
  const std::uint8_t first = payload_[at_++];
  to.major = first >> 5U;
  to.additional = first & 0x1FU;
  to.argument = to.additional;
  if (to.additional < 24 || to.additional == indefinite) return true;
  if (to.additional > 27) return fail_at(to.offset, "a reserved kind of length");
  const std::size_t size = std::size_t{1} << (to.additional - 24U);
  if (payload_.size() - at_ < size) return fail("the payload ends inside a number");
  to.argument = 0;
  for (std::size_t i = 0; i < size; ++i) to.argument = (to.argument << 8U) | payload_[at_++];
  return true;
}

bool CborReader::take_break() {
  if (at_ >= payload_.size() || payload_[at_] != 0xFF) return false;
  ++at_;
  return true;
}

bool CborReader::item(int depth) {
  Head read;
  return head(read) && content(read, depth);
}

bool CborReader::content(const Head& head, int depth) {
  if (depth > max_depth) return fail_at(head.offset, "values are nested too deeply");
  const bool may_be_indefinite = head.major >= 2 && head.major <= 5;
  if (head.additional == indefinite && !may_be_indefinite) {
    return fail_at(head.offset, head.major == 7 ? "an end without a beginning" : "a number without a length");
  }
  switch (head.major) {
    case 0: text_.number(head.argument); return true;
    case 1: text_.negative(head.argument); return true;
    case 2:
    case 3: return head.additional == indefinite ? chunks(head) : string(head);
    case 4: return array(head, depth);
    case 5: return map(head, depth);
    case 6: return tag(head, depth);
    default: return simple(head);
  }
}

bool CborReader::string(const Head& head) {
  if (payload_.size() - at_ < head.argument) {
    return fail_at(head.offset,
                   head.major == 2 ? "the payload ends inside a byte string" : "the payload ends inside a text string");
  }
  const Bytes bytes = payload_.subspan(at_, static_cast<std::size_t>(head.argument));
  if (head.major == 3 && !is_utf8(bytes)) {
    return fail("a text string is not UTF-8");
  }
  at_ += bytes.size();
  append_string(head, bytes);
  return true;
}

void CborReader::append_string(const Head& head, Bytes bytes) {
  if (head.major == 2) {
    text_.bytes(bytes);
  } else {
    text_.text(as_text(bytes));
  }
}

bool CborReader::chunks(const Head& outer) {
  std::string joined;
  while (!take_break()) {
    Head chunk;
    if (!head(chunk)) return false;
    if (chunk.major != outer.major || chunk.additional == indefinite) {
      return fail_at(chunk.offset, "a part of a string is no string of the same kind");
    }
    if (payload_.size() - at_ < chunk.argument) return fail_at(chunk.offset, "the payload ends inside a string");
    const Bytes bytes = payload_.subspan(at_, static_cast<std::size_t>(chunk.argument));
    if (chunk.major == 3 && !is_utf8(bytes)) return fail("a text string is not UTF-8");
    joined += as_text(bytes);
    at_ += bytes.size();
  }
  append_string(outer, as_bytes(joined));
  return true;
}

bool CborReader::array(const Head& head, int depth) {
  text_.punctuation("[");
  const bool open = head.additional == indefinite;
  for (std::uint64_t i = 0; open ? !take_break() : i < head.argument; ++i) {
    if (i > 0) text_.punctuation(text_.is_json() ? "," : ", ");
    if (!item(depth + 1)) return false;
  }
  text_.punctuation("]");
  return true;
}

bool CborReader::map(const Head& head, int depth) {
  text_.punctuation("{");
  const bool open = head.additional == indefinite;
  for (std::uint64_t i = 0; open ? !take_break() : i < head.argument; ++i) {
    if (i > 0) text_.punctuation(text_.is_json() ? "," : ", ");
    if (!key(depth + 1)) return false;
    text_.punctuation(text_.is_json() ? ":" : ": ");
    if (!item(depth + 1)) return false;
  }
  text_.punctuation("}");
  return true;
}

bool CborReader::key(int depth) {
  const bool is_text = at_ < payload_.size() && payload_[at_] >> 5U == 3;
  if (!text_.is_json() || is_text) return item(depth);
  std::string key;
  CborReader reader{payload_, key, Notation::diagnostic};
  reader.at_ = at_;
  if (!reader.item(depth)) {
    fault_ = reader.take_fault();
    return false;
  }
  at_ = reader.at_;
  text_.text(key);
  return true;
}

bool CborReader::tag(const Head& head, int depth) {
  Head inner;
  if (!this->head(inner)) return false;
  const bool is_big_number = (head.argument == 2 || head.argument == 3) && inner.major == 2 &&
                             inner.additional != indefinite && payload_.size() - at_ >= inner.argument;
  if (is_big_number) {
    text_.big_number(payload_.subspan(at_, static_cast<std::size_t>(inner.argument)), head.argument == 3);
    at_ += static_cast<std::size_t>(inner.argument);
    return true;
  }
  if (text_.is_json()) return content(inner, depth + 1);
  text_.number(head.argument);
  text_.punctuation("(");
  if (!content(inner, depth + 1)) return false;
  text_.punctuation(")");
  return true;
}

bool CborReader::simple(const Head& head) {
  switch (head.additional) {
    case 20:
    case 21: text_.boolean(head.additional == 21); return true;
    case 22: text_.null(); return true;
    case 23: text_.punctuation(text_.is_json() ? "null" : "undefined"); return true;
    case 25: text_.number(half_float(static_cast<std::uint16_t>(head.argument))); return true;
    case 26: text_.number(std::bit_cast<float>(static_cast<std::uint32_t>(head.argument))); return true;
    case 27: text_.number(std::bit_cast<double>(head.argument)); return true;
    default: break;
  }
  if (head.additional == 24 && head.argument < 32) return fail_at(head.offset, "a simple value in two bytes below 32");
  const std::string name = fmt::format("simple({})", head.argument);
  if (text_.is_json()) {
    text_.text(name);
  } else {
    text_.punctuation(name);
  }
  return true;
}

}  // namespace

std::expected<std::string, PayloadFault> cbor_text(Bytes payload, Notation notation) {
  std::string out;
  CborReader reader{payload, out, notation};
  if (!reader.read_all()) return std::unexpected(reader.take_fault());
  return out;
}

}  // namespace mqtk
