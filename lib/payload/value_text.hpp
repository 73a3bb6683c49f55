// Values of binary formats as text: as JSON, or in the diagnostic notation of CBOR (RFC 8949 section 8), which says all
// that JSON cannot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace mqtk {

enum class Notation : std::uint8_t {
  json,        // valid JSON whatever the input; bytes are base64, tags are left out
  diagnostic,  // h'00ff', 1("tagged"), undefined, NaN
};

// Why a payload is not what it was taken for.
struct PayloadFault {
  std::size_t offset = 0;
  std::string message;  // "the payload ends inside a text string"

  // "byte 4: the payload ends inside a text string"
  [[nodiscard]] std::string text() const;
};

// Well-formed UTF-8; unlike in MQTT, U+0000 is as good as any other character.
[[nodiscard]] bool is_utf8(Bytes text);

// Appends values one after another; the caller writes brackets and commas.
class ValueText {
 public:
  ValueText(std::string& out, Notation notation) : out_(out), notation_(notation) {}

  void punctuation(std::string_view text) { out_ += text; }
  void number(std::uint64_t value);
  void negative(std::uint64_t minus_one_minus_value);  // -1 - argument, as CBOR counts
  void number(std::int64_t value);
  void number(double value);
  void number(float value);
  void boolean(bool value) { out_ += value ? "true" : "false"; }
  void null() { out_ += "null"; }
  void text(std::string_view utf8);
  void bytes(Bytes value);
  // Digits of an unsigned integer of any size, highest byte first.
  void big_number(Bytes magnitude, bool is_negative);

  [[nodiscard]] bool is_json() const { return notation_ == Notation::json; }
  [[nodiscard]] std::string& out() { return out_; }

 private:
  std::string& out_;
  Notation notation_;
};

}  // namespace mqtk
