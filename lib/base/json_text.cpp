#include "base/json_text.hpp"

#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace mqtk {
namespace {

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += digits[static_cast<std::uint8_t>(c) >> 4U];
      out += digits[static_cast<std::uint8_t>(c) & 0x0FU];
  }
}

bool needs_escape(char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

}  // namespace

void append_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if (!needs_escape(utf8[i])) continue;
    out += utf8.substr(plain_from, i - plain_from);
    append_escape(out, utf8[i]);
    plain_from = i + 1;
  }
  out += utf8.substr(plain_from);
  out += '"';
}

void append_json_text_or_base64(std::string& out, std::string_view key, Bytes value) {
  out += '"';
  out += key;
  if (is_mqtt_text(value)) {
    out += "\":";
    append_json_string(out, as_text(value));
  } else {
    out += "_base64\":\"";
    out += to_base64(value);
    out += '"';
  }
}

}  // namespace mqtk
