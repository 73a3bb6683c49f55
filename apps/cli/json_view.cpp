#include "cli/json_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "capture/json_check.hpp"

namespace mqtk::cli {
namespace {

// The functions here read text that is_json() has accepted, so every string and bracket is closed.

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
  return at;
}

// Behind the string that begins at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    const std::size_t end = text.find_first_of(",]} \t\r\n", at);
    return end == std::string_view::npos ? text.size() : end;
  }
  int depth = 0;
  while (at < text.size()) {
    if (text[at] == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (text[at] == '{' || text[at] == '[') ++depth;
    if (text[at] == '}' || text[at] == ']') --depth;
    ++at;
    if (depth == 0) break;
  }
  return at;
}

unsigned read_hex4(std::string_view text) {
  unsigned code = 0;
  std::from_chars(text.data(), text.data() + text.size(), code, 16);
  return code;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0U | code >> 6U);
    return put(0x80U | (code & 0x3FU));
  }
  if (code < 0x1'0000) {
    put(0xE0U | code >> 12U);
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | ((code >> 12U) & 0x3FU));
  }
  put(0x80U | ((code >> 6U) & 0x3FU));
  put(0x80U | (code & 0x3FU));
}

// `at` is behind "\u" and its digits: takes the second half of a surrogate pair, if it follows.
unsigned with_low_surrogate(unsigned high, std::string_view text, std::size_t& at) {
  constexpr std::size_t escape_length = 6;
  if (high < 0xD800 || high > 0xDBFF || at + escape_length > text.size() || text.substr(at, 2) != "\\u") return high;
  const unsigned low = read_hex4(text.substr(at + 2, 4));
  if (low < 0xDC00 || low > 0xDFFF) return high;
  at += escape_length;
  return 0x1'0000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
}

// The next step of a JSON Pointer without its escapes.
std::string take_step(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const std::string_view raw = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(raw.size());
  std::string step;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool escape = raw[i] == '~' && i + 1 < raw.size();
    step += escape ? (raw[++i] == '1' ? '/' : '~') : raw[i];
  }
  return step;
}

std::optional<std::string_view> member(std::string_view object, std::string_view name) {
  std::optional<std::string_view> found;
  std::size_t at = skip_space(object, 1);
  while (object[at] != '}') {
    const std::size_t key_end = skip_string(object, at);
    const std::string key = json_plain(object.substr(at, key_end - at));
    at = skip_space(object, skip_space(object, key_end) + 1);
    const std::size_t end = skip_value(object, at);
    if (key == name) found = object.substr(at, end - at);
    at = skip_space(object, end);
    if (object[at] == ',') at = skip_space(object, at + 1);
  }
  return found;
}

std::optional<std::string_view> element(std::string_view array, std::string_view step) {
  std::size_t index = 0;
  const auto [stop, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool leading_zero = step.size() > 1 && step.front() == '0';
  if (step.empty() || error != std::errc{} || stop != step.data() + step.size() || leading_zero) return std::nullopt;
  std::size_t at = skip_space(array, 1);
  for (; array[at] != ']'; --index) {
    const std::size_t end = skip_value(array, at);
    if (index == 0) return array.substr(at, end - at);
    at = skip_space(array, end);
    if (array[at] == ',') at = skip_space(array, at + 1);
  }
  return std::nullopt;
}

std::optional<double> as_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> json_pointer_fault(std::string_view pointer) {
  if (!pointer.empty() && pointer.front() != '/') return "a JSON Pointer begins with /, such as /state or /list/0";
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] != '~') continue;
    if (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')) {
      return "in a JSON Pointer ~ is written ~0, and / within a name ~1";
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> json_at(std::string_view text, std::string_view pointer) {
  if (!is_json(text)) return std::nullopt;
  const std::size_t begin = skip_space(text, 0);
  std::optional<std::string_view> value = text.substr(begin, skip_value(text, begin) - begin);
  while (value && !pointer.empty()) {
    const std::string step = take_step(pointer);
    if (value->front() == '{') {
      value = member(*value, step);
    } else if (value->front() == '[') {
      value = element(*value, step);
    } else {
      value.reset();
    }
  }
  return value;
}

std::string json_plain(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::string{value};
  value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\') {
      out += value[i];
      continue;
    }
    switch (value[++i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        std::size_t after = i + 5;
        append_utf8(out, with_low_surrogate(read_hex4(value.substr(i + 1, 4)), value, after));
        i = after - 1;
        break;
      }
      default: out += value[i];
    }
  }
  return out;
}

std::optional<std::string> json_indented(std::string_view text) {
  if (!is_json(text)) return std::nullopt;
  std::string out;
  std::size_t depth = 0;
  constexpr std::size_t deepest_indent = 30;  // deeper ones would cost memory without end
  const auto new_line = [&] { out.append("\n").append(2 * std::min(depth, deepest_indent), ' '); };
  for (std::size_t at = skip_space(text, 0); at < text.size(); at = skip_space(text, at)) {
    const char c = text[at];
    if (c == '{' || c == '[') {
      out += c;
      at = skip_space(text, at + 1);
      if (text[at] == '}' || text[at] == ']') {
        out += text[at++];
      } else {
        ++depth;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      --depth;
      new_line();
      out += text[at++];
    } else if (c == ',') {
      out += text[at++];
      new_line();
    } else if (c == ':') {
      out += ": ";
      ++at;
    } else {
      const std::size_t end = c == '"' ? skip_string(text, at) : text.find_first_of(",:]} \t\r\n", at);
      out += text.substr(at, end - at);
      at = std::min(end, text.size());
    }
  }
  return out;
}

std::expected<JsonCondition, std::string> JsonCondition::parse(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Operator>, 6> operators = {{{"==", Operator::equal},
                                                                               {"!=", Operator::not_equal},
                                                                               {"<=", Operator::less_or_equal},
                                                                               {">=", Operator::greater_or_equal},
                                                                               {"<", Operator::less},
                                                                               {">", Operator::greater}}};
  JsonCondition condition;
  std::size_t first = std::string_view::npos;
  for (const auto& [sign, meaning] : operators) {
    const std::size_t at = text.find(sign);
    if (at == std::string_view::npos || (first != std::string_view::npos && at >= first)) continue;
    first = at;
    condition.operator_ = meaning;
    condition.operand_ = json_plain(text.substr(at + sign.size()));
  }
  condition.pointer_ = text.substr(0, first);
  if (const auto fault = json_pointer_fault(condition.pointer_)) return std::unexpected(*fault);
  const bool ordered = condition.operator_ >= Operator::less;
  if (ordered && !as_number(condition.operand_)) {
    return std::unexpected(fmt::format("'{}' is no number to compare with", condition.operand_));
  }
  return condition;
}

bool JsonCondition::holds(std::string_view payload) const {
  const auto value = json_at(payload, pointer_);
  if (!value) return false;
  const std::string plain = json_plain(*value);
  // Nothing is less or greater than what is no number.
  constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
  const double left = value->front() == '"' ? no_number : as_number(plain).value_or(no_number);
  const double right = as_number(operand_).value_or(no_number);
  const bool equal = std::isnan(left) || std::isnan(right) ? plain == operand_ : left == right;
  switch (operator_) {
    case Operator::exists: return true;
    case Operator::equal: return equal;
    case Operator::not_equal: return !equal;
    case Operator::less: return left < right;
    case Operator::less_or_equal: return left <= right;
    case Operator::greater: return left > right;
    case Operator::greater_or_equal: return left >= right;
  }
  return false;
}

}  // namespace mqtk::cli
