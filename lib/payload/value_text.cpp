#include "payload/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/append_format.hpp"
#include "base/base64.hpp"
#include "base/hex.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"

namespace mqtk {
namespace {

// Numbers beyond this are shown as bytes: writing their digits takes quadratic time.
constexpr std::size_t max_big_number_bytes = 64;

template <class Float>
void append_float(std::string& out, Float value, bool is_json) {
  if (!std::isfinite(value)) {
    out += is_json ? "null" : std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  const std::size_t from = out.size();
  append_format(out, "{}", value);
  if (out.find_first_of(".e", from) == std::string::npos) out += ".0";
}

}  // namespace

std::string PayloadFault::text() const { return fmt::format("byte {}: {}", offset, message); }

bool is_utf8(Bytes text) {
  while (true) {
    const Utf8Check check = check_utf8(text);
    if (check.result != Utf8::has_null) return check.result == Utf8::valid;
    text = text.subspan(check.offset + 1);
  }
}

void ValueText::number(std::uint64_t value) { append_format(out_, "{}", value); }

void ValueText::number(std::int64_t value) { append_format(out_, "{}", value); }

void ValueText::negative(std::uint64_t minus_one_minus_value) {
  if (minus_one_minus_value == ~std::uint64_t{0}) {
    out_ += "-18446744073709551616";
  } else {
    append_format(out_, "-{}", minus_one_minus_value + 1);
  }
}

void ValueText::number(double value) { append_float(out_, value, is_json()); }

void ValueText::number(float value) { append_float(out_, value, is_json()); }

void ValueText::text(std::string_view utf8) { append_json_string(out_, utf8); }

void ValueText::bytes(Bytes value) {
  if (is_json()) {
    out_ += '"';
    out_ += to_base64(value);
    out_ += '"';
  } else {
    out_ += "h'";
    out_ += to_hex(value);
    out_ += '\'';
  }
}

void ValueText::big_number(Bytes magnitude, bool is_negative) {
  if (magnitude.size() > max_big_number_bytes) {
    bytes(magnitude);
    return;
  }
  // A negative one is -1 - n; adding 1 to the magnitude makes it a plain minus.
  std::vector<std::uint8_t> rest{0};
  rest.insert(rest.end(), magnitude.begin(), magnitude.end());
  for (std::size_t i = rest.size(); is_negative && i-- > 0;) {
    if (++rest[i] != 0) break;
  }
  std::string digits;
  while (std::ranges::any_of(rest, [](std::uint8_t byte) { return byte != 0; })) {
    unsigned remainder = 0;
    for (std::uint8_t& byte : rest) {
      const unsigned value = remainder * 256 + byte;
      byte = static_cast<std::uint8_t>(value / 10);
      remainder = value % 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  if (digits.empty()) digits = "0";
  if (is_negative) digits += '-';
  out_.append(digits.rbegin(), digits.rend());
}

}  // namespace mqtk
