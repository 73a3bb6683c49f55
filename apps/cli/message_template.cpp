#include "cli/message_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "base/append_format.hpp"
#include "base/hex.hpp"
#include "cli/message_json.hpp"
#include "cli/output.hpp"

namespace mqtk::cli {
namespace {

constexpr std::string_view field_letters = "%ACDEFIJPRSUdfjlmpqrtxX";
// Wider fields are a slip of the finger, and must not cost memory.
constexpr std::uint32_t widest = 10'000;

std::optional<char> escaped(char letter) {
  switch (letter) {
    case '\\': return '\\';
    case '0': return '\0';
    case 'a': return '\a';
    case 'e': return '\x1b';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return {};
  }
}

// Reads digits at `at`; the number stays at the limit once it is reached.
std::uint32_t read_number(std::string_view text, std::size_t& at) {
  std::uint32_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    number = std::min(number * 10 + static_cast<std::uint32_t>(text[at] - '0'), widest + 1);
  }
  return number;
}

std::tm local_time(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

std::int64_t nanoseconds_of_second(WallTime time) {
  return (time - std::chrono::floor<std::chrono::seconds>(time)).count();
}

std::string formatted_time(const char* format, WallTime time) {
  const std::tm parts = local_time(time);
  std::array<char, 256> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string grouped_hex(Bytes bytes, bool upper, std::uint32_t group_digits, char separator) {
  std::string digits = to_hex(bytes);
  if (upper)
    std::ranges::transform(digits, digits.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  if (group_digits == 0) return digits;
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); i += group_digits) {
    if (i > 0) grouped += separator;
    grouped += digits.substr(i, group_digits);
  }
  return grouped;
}

template <class Float>
std::string payload_as(Bytes payload, std::optional<std::uint32_t> decimals) {
  if (payload.size() != sizeof(Float)) return "";
  Float value{};
  std::memcpy(&value, payload.data(), sizeof value);
  return decimals ? fmt::format("{:.{}f}", value, *decimals) : fmt::format("{:f}", value);
}

std::string user_properties(PropertyBlock properties) {
  std::string text;
  for (const Property& property : properties) {
    if (property.id != PropertyId::user_property) continue;
    if (!text.empty()) text += ' ';
    text.append(property.name).append(":").append(property.text);
  }
  return text;
}

std::string number_text(PropertyBlock properties, PropertyId id) {
  const auto number = properties.number(id);
  return number ? fmt::format("{}", *number) : std::string{};
}

std::string text_of(PropertyBlock properties, PropertyId id) { return std::string{properties.text(id).value_or("")}; }

std::string subscription_identifiers(PropertyBlock properties) {
  std::string text;
  for (const Property& property : properties) {
    if (property.id != PropertyId::subscription_identifier) continue;
    if (!text.empty()) text += ' ';
    text += fmt::format("{}", property.number);
  }
  return text;
}

}  // namespace

std::expected<MessageTemplate, std::string> MessageTemplate::parse(std::string_view text, Widths widths) {
  MessageTemplate result;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) result.parts_.push_back({.text = std::exchange(literal, {})});
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c != '%' && c != '@' && c != '\\') {
      literal += c;
      ++at;
      continue;
    }
    if (at + 1 == text.size()) return std::unexpected(fmt::format("nothing follows the last {}; write {}{}", c, c, c));
    if (c == '\\') {
      const auto meant = escaped(text[at + 1]);
      if (!meant)
        return std::unexpected(fmt::format("\\{} is unknown; \\\\ \\0 \\a \\e \\n \\r \\t \\v are not", text[at + 1]));
      literal += *meant;
      at += 2;
    } else if (c == '@') {
      if (text[at + 1] == '@') {
        literal += '@';
      } else {
        end_literal();
        result.parts_.push_back({.kind = Part::Kind::time, .letter = text[at + 1]});
      }
      at += 2;
    } else {
      end_literal();
      Part part{.kind = Part::Kind::field};
      const auto length = parse_field(text.substr(at + 1), part);
      if (!length) return std::unexpected(length.error());
      if (widths == Widths::of_mosquitto) restrict_width(part);
      result.parts_.push_back(std::move(part));
      at += 1 + *length;
    }
  }
  end_literal();
  return result;
}

void MessageTemplate::restrict_width(Part& part) {
  switch (part.letter) {
    case 'D':
    case 'P':
    case 'q':
    case 'r': part.width = 0; break;
    case 'R': part.nothing_stays_nothing = true; break;
    case 'p':
      if (part.width > 0) part.most_bytes = part.width;
      break;
    case 'x':
    case 'X':
      if (part.width > 0) part.most_bytes = part.width / 2;
      break;
    default: break;
  }
}

std::expected<std::size_t, std::string> MessageTemplate::parse_field(std::string_view text, Part& part) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') {
    part.left = true;
    ++at;
  }
  if (at < text.size() && text[at] == '0') {
    part.zero = true;
    ++at;
  }
  part.width = read_number(text, at);
  if (at < text.size() && text[at] == '.') {
    ++at;
    part.has_precision = true;
    part.precision = read_number(text, at);
  }
  if (part.width > widest || part.precision > widest) {
    return std::unexpected(fmt::format("a width or precision is above {}", widest));
  }
  if (part.has_precision && at < text.size() && std::ispunct(static_cast<unsigned char>(text[at])) != 0 &&
      text[at] != '%') {
    part.separator = text[at++];
  }
  if (at == text.size()) return std::unexpected("the last % names no field");
  part.letter = text[at];
  if (field_letters.find(part.letter) == std::string_view::npos) {
    return std::unexpected(fmt::format("%{} is no field; the fields are {}", part.letter, field_letters));
  }
  return at + 1;
}

void MessageTemplate::append(std::string& out, const Publish& message, WallTime received_at) const {
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::text: out += part.text; break;
      case Part::Kind::time: append_time(out, part.letter, received_at); break;
      case Part::Kind::field: append_field(out, part, message, received_at); break;
    }
  }
}

void MessageTemplate::append_time(std::string& out, char letter, WallTime received_at) {
  if (letter == 'N') {
    append_format(out, "{:09}", nanoseconds_of_second(received_at));
    return;
  }
  const char format[] = {'%', letter, '\0'};
  out += formatted_time(format, received_at);
}

void MessageTemplate::append_field(std::string& out, const Part& part, const Publish& message, WallTime received_at) {
  const PropertyBlock properties = message.properties;
  std::string value;
  bool cut = false;        // the precision is a maximum length
  bool zeros = part.zero;  // numbers and payloads only
  switch (part.letter) {
    case '%': out += '%'; return;
    case 'p':
      if (part.width == 0) {
        out += as_text(message.payload);
        return;
      }
      value = as_text(message.payload.first(std::min<std::size_t>(message.payload.size(), part.most_bytes)));
      break;
    case 'A': value = number_text(properties, PropertyId::topic_alias); break;
    case 'C': value = text_of(properties, PropertyId::content_type), cut = true, zeros = false; break;
    case 'D': value = text_of(properties, PropertyId::correlation_data), zeros = false; break;
    case 'E': value = number_text(properties, PropertyId::message_expiry_interval); break;
    case 'F': value = number_text(properties, PropertyId::payload_format_indicator); break;
    case 'I': value = formatted_time("%Y-%m-%dT%H:%M:%S%z", received_at), cut = true, zeros = false; break;
    case 'P': value = user_properties(properties), zeros = false; break;
    case 'R': value = text_of(properties, PropertyId::response_topic), cut = true, zeros = false; break;
    case 'S': value = subscription_identifiers(properties); break;
    case 'U':
      value = fmt::format("{}.{:09}", std::chrono::floor<std::chrono::seconds>(received_at).time_since_epoch().count(),
                          nanoseconds_of_second(received_at));
      break;
    case 'd':
      value = payload_as<double>(message.payload, part.has_precision ? std::optional{part.precision} : std::nullopt);
      break;
    case 'f':
      value = payload_as<float>(message.payload, part.has_precision ? std::optional{part.precision} : std::nullopt);
      break;
    case 'j':
    case 'J':
      zeros = false;
      if (!append_mosquitto_json(value, message, received_at,
                                 part.letter == 'J' ? JsonPayload::parsed : JsonPayload::text)) {
        report(fmt::format("the payload at '{}' is not JSON (%J)", message.topic_name));
      }
      break;
    case 'l': value = fmt::format("{}", message.payload.size()); break;
    case 'm': value = fmt::format("{}", message.packet_identifier); break;
    case 'q': value = fmt::format("{}", static_cast<unsigned>(message.qos)); break;
    case 'r': value = message.retain ? "1" : "0"; break;
    case 't': value = message.topic_name, cut = true, zeros = false; break;
    default:
      value = grouped_hex(message.payload.first(std::min<std::size_t>(message.payload.size(), part.most_bytes)),
                          part.letter == 'X', part.precision, part.separator);
      break;
  }
  if (cut && part.has_precision && value.size() > part.precision) value.resize(part.precision);
  const std::size_t width = value.empty() && part.nothing_stays_nothing ? 0 : part.width;
  const std::size_t padding = width > value.size() ? width - value.size() : 0;
  if (!part.left) out.append(padding, zeros ? '0' : ' ');
  out += value;
  if (part.left) out.append(padding, ' ');
}

}  // namespace mqtk::cli
