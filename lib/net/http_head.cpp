#include "net/http_head.hpp"

#include <algorithm>
#include <tuple>

namespace mqtk {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

// RFC 9110: the characters of a field's name.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const bool letter_or_digit = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    return letter_or_digit || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

// A line without its end, and what follows.
std::pair<std::string_view, std::string_view> first_line(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {line, text.substr(std::min(end + 1, text.size()))};
}

}  // namespace

std::string_view HttpHead::field(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const auto& field) { return same(field.first, name); });
  return found == fields.end() ? std::string_view{} : found->second;
}

bool HttpHead::has_word(std::string_view name, std::string_view word) const {
  for (const auto& [field_name, value] : fields) {
    if (!same(field_name, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (same(trimmed(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::optional<std::size_t> http_head_size(std::string_view text) {
  const std::size_t strict = text.find("\r\n\r\n");
  const std::size_t bare = text.find("\n\n");
  if (strict == std::string_view::npos && bare == std::string_view::npos) return std::nullopt;
  return strict < bare ? strict + 4 : bare + 2;
}

std::optional<HttpHead> parse_http_head(std::string_view text) {
  HttpHead head;
  auto [line, rest] = first_line(text);
  if (!is_clean(line)) return std::nullopt;
  head.start_line = line;
  while (!rest.empty()) {
    std::tie(line, rest) = first_line(rest);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_clean(line)) return std::nullopt;
    head.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  return head;
}

std::optional<int> http_status(std::string_view start_line) {
  if (!start_line.starts_with("HTTP/") || start_line.size() < 12 || start_line[8] != ' ') return std::nullopt;
  int status = 0;
  for (const char digit : start_line.substr(9, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    status = status * 10 + (digit - '0');
  }
  if (start_line.size() > 12 && start_line[12] != ' ') return std::nullopt;
  return status;
}

}  // namespace mqtk
