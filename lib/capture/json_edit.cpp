#include "capture/json_edit.hpp"

#include <charconv>
#include <cstdint>

#include "base/hex.hpp"
#include "base/json_text.hpp"
#include "capture/json_check.hpp"

namespace mqtk {
namespace {

// Walks over a text that is known to be JSON. Depth takes no stack: a value is skipped by counting brackets.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void step() { ++at_; }

  // The string at this place as it stands, quotes included.
  std::string_view take_string() {
    (void)peek();
    const std::size_t start = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(start, at_ - start);
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        (void)take_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        while (at_ < text_.size() && !ends_token(text_[at_])) ++at_;
      }
    } while (depth > 0);
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool ends_token(char c) { return is_space(c) || c == ',' || c == ':' || c == ']' || c == '}'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | (code >> 6U));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12U));
    add(0x80 | ((code >> 6U) & 0x3FU));
  } else {
    add(0xF0 | (code >> 18U));
    add(0x80 | ((code >> 12U) & 0x3FU));
    add(0x80 | ((code >> 6U) & 0x3FU));
  }
  add(0x80 | (code & 0x3FU));
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, 4)) value = value * 16 + static_cast<std::uint32_t>(hex_digit(c));
  return value;
}

std::string unescaped(std::string_view quoted) {
  std::string text;
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\') {
      text += inner[i];
      continue;
    }
    const char c = inner[++i];
    if (c == 'u') {
      std::uint32_t code = hex4(inner.substr(i + 1));
      i += 4;
      if (code >= 0xD800 && code < 0xDC00) {  // a valid text has the other half behind
        code = 0x10000 + ((code - 0xD800) << 10U) + (hex4(inner.substr(i + 3)) - 0xDC00);
        i += 6;
      }
      append_utf8(text, code);
    } else {
      constexpr std::string_view letters = "bfnrt";
      constexpr std::string_view meanings = "\b\f\n\r\t";
      const std::size_t known = letters.find(c);
      text += known == std::string_view::npos ? c : meanings[known];
    }
  }
  return text;
}

std::string part_text(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '~' && i + 1 < part.size()) {
      text += part[++i] == '1' ? '/' : '~';
    } else {
      text += part[i];
    }
  }
  return text;
}

struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string before = {};  // what goes between a container's last value and a new one
};

// The walker stands before an object; behind the call before the value of `key`. Otherwise where a member would go.
std::optional<Place> enter_object(Walker& walker, const std::string& key) {
  walker.step();
  bool empty = true;
  while (walker.peek() != '}') {
    if (walker.peek() == ',') walker.step();
    empty = false;
    const std::string name = unescaped(walker.take_string());
    (void)walker.peek();
    walker.step();  // the colon
    if (name == key) return std::nullopt;
    walker.skip_value();
  }
  std::string member = empty ? "" : ",";
  append_json_string(member, key);
  return Place{walker.at(), walker.at(), member + ':'};
}

std::optional<Place> enter_list(Walker& walker, const std::string& key, bool& found) {
  std::uint64_t wanted = UINT64_MAX;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), wanted);
  if (key != "-" && (error != std::errc{} || end != key.data() + key.size())) return std::nullopt;
  walker.step();
  std::uint64_t index = 0;
  while (walker.peek() != ']') {
    if (walker.peek() == ',') walker.step();
    found = index++ == wanted;
    if (found) return std::nullopt;
    walker.skip_value();
  }
  if (key != "-") return std::nullopt;
  return Place{walker.at(), walker.at(), index == 0 ? "" : ","};
}

std::optional<Place> find_place(std::string_view text, std::string_view pointer) {
  Walker walker{text};
  while (!pointer.empty()) {
    const std::size_t slash = pointer.find('/', 1);
    const bool last = slash == std::string_view::npos;
    const std::string key = part_text(pointer.substr(1, last ? pointer.size() - 1 : slash - 1));
    pointer = last ? std::string_view{} : pointer.substr(slash);
    const char c = walker.peek();
    if (c == '{') {
      if (auto place = enter_object(walker, key)) return last ? std::move(place) : std::nullopt;
    } else if (c == '[') {
      bool found = false;
      auto place = enter_list(walker, key, found);
      if (!found) return last ? std::move(place) : std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  (void)walker.peek();
  const std::size_t begin = walker.at();
  walker.skip_value();
  return Place{begin, walker.at()};
}

}  // namespace

bool is_json_pointer(std::string_view text) { return text.empty() || text.starts_with('/'); }

std::optional<std::string> set_json(std::string_view text, std::string_view pointer, std::string_view value) {
  if (!is_json_pointer(pointer) || !is_json(text)) return std::nullopt;
  const auto place = find_place(text, pointer);
  if (!place) return std::nullopt;
  std::string result{text.substr(0, place->begin)};
  result += place->before;
  result += value;
  result += text.substr(place->end);
  return result;
}

}  // namespace mqtk
