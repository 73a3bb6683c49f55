#include "load/text_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/json_text.hpp"
#include "load/send_schedule.hpp"

namespace mqtk {
namespace {

constexpr std::uint64_t plain_random_span = 1'000'000'000;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "100" is 0 to 99, "20-30" is 20 to 30.
bool parse_range(std::string_view text, std::uint64_t& low, std::uint64_t& span) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    span = number(text).value_or(0);
    return span > 0;
  }
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  if (!first || !last || *last < *first || *last - *first == UINT64_MAX) return false;
  low = *first;
  span = *last - *first + 1;
  return true;
}

// Follows JSON up to each of its places: whether that lies in a string.
class QuoteState {
 public:
  void pass(std::string_view text) {
    for (const char c : text) {
      if (std::exchange(escaped_, false)) continue;
      escaped_ = inside_ && c == '\\';
      if (c == '"') inside_ = !inside_;
    }
  }
  [[nodiscard]] bool inside() const { return inside_; }

 private:
  bool inside_ = false;
  bool escaped_ = false;
};

bool begins_as_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

void append_column(std::string& out, std::string_view value, bool in_json_string) {
  if (!in_json_string) {
    out += value;
    return;
  }
  std::string quoted;
  append_json_string(quoted, value);
  out.append(quoted, 1, quoted.size() - 2);
}

}  // namespace

// Whether `place` is one; the text says what is wrong with one that is named rightly.
std::expected<bool, std::string> TextTemplate::parse_place(std::string_view place, const ValueTable* table,
                                                           Part& part) {
  const std::size_t colon = place.find(':');
  const std::string_view name = place.substr(0, colon);
  const std::string_view argument = colon == std::string_view::npos ? std::string_view{} : place.substr(colon + 1);
  const bool bare = colon == std::string_view::npos;
  if (name == "random") {
    part.kind = Kind::random;
    part.span = plain_random_span;
    if (!bare && !parse_range(argument, part.low, part.span)) {
      return std::unexpected(fmt::format("{{{}}}: give {{random}}, {{random:100}} or {{random:20-30}}", place));
    }
    return true;
  }
  if ((name == "client" && !bare) || name == "row") {
    part.kind = name == "row" ? Kind::row_column : Kind::client_column;
    if (table == nullptr) return std::unexpected(fmt::format("{{{}}} needs a CSV file", place));
    part.column = table->column(argument);
    if (part.column != ValueTable::no_column) return true;
    return std::unexpected(
        fmt::format("{{{}}}: the CSV file has the columns {}", place, fmt::join(table->columns(), ", ")));
  }
  if (place == "time:rfc3339") {
    part.kind = Kind::rfc3339;
    return true;
  }
  if (!bare) return false;
  constexpr std::pair<std::string_view, Kind> places[] = {
      {"i", Kind::number}, {"client", Kind::client}, {"n", Kind::message}, {"time", Kind::time}};
  for (const auto& [known, kind] : places) {
    if (known != name) continue;
    part.kind = kind;
    return true;
  }
  return false;
}

std::expected<TextTemplate, std::string> TextTemplate::parse(std::string_view text, Braces braces,
                                                             const ValueTable* table) {
  TextTemplate result;
  result.source_ = text;
  std::string literal;
  const bool is_json = braces == Braces::are_text_or_json && begins_as_json(text);
  QuoteState quotes;
  const auto end_literal = [&] {
    if (is_json) quotes.pass(literal);
    if (!literal.empty()) result.parts_.push_back({.text = std::exchange(literal, {})});
  };
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    literal += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    Part part;
    bool is_place = false;
    if (close != std::string_view::npos) {
      const auto parsed = parse_place(text.substr(1, close - 1), table, part);
      if (!parsed) return std::unexpected(parsed.error());
      is_place = *parsed;
    }
    if (!is_place) {
      if (braces == Braces::are_places) {
        return std::unexpected(
            fmt::format("'{}' is none of {{i}}, {{client}}, {{n}}, {{time}}, {{random}}, "
                        "{{client:COLUMN}} and {{row:COLUMN}}",
                        text.substr(0, close == std::string_view::npos ? close : close + 1)));
      }
      literal += '{';
      text.remove_prefix(1);
      continue;
    }
    end_literal();
    part.in_json_string = quotes.inside();
    result.varies_ =
        result.varies_ || (part.kind != Kind::number && part.kind != Kind::client && part.kind != Kind::client_column);
    result.parts_.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
  end_literal();
  return result;
}

TextTemplate TextTemplate::credential(std::string_view text, const ValueTable& table) {
  return parse(text, Braces::are_text, &table).value_or(TextTemplate{});
}

void TextTemplate::append_to(std::string& out, const TemplateValues& values) const {
  using std::chrono::milliseconds;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::text: out += part.text; break;
      case Kind::number: out += fmt::format_int(values.number).c_str(); break;
      case Kind::client: out += fmt::format_int(values.client).c_str(); break;
      case Kind::message: out += fmt::format_int(values.message).c_str(); break;
      case Kind::time: {
        const auto since = std::chrono::floor<milliseconds>(values.time.time_since_epoch()).count();
        out += fmt::format_int(since).c_str();
        break;
      }
      case Kind::rfc3339: out += rfc3339(values.time); break;
      case Kind::random: out += fmt::format_int(part.low + next_random(*values.random) % part.span).c_str(); break;
      case Kind::client_column:
        append_column(out, values.table->at(values.number, part.column), part.in_json_string);
        break;
      case Kind::row_column:
        append_column(out, values.table->at(values.message, part.column), part.in_json_string);
        break;
    }
  }
}

std::string TextTemplate::text(const TemplateValues& values) const {
  std::string out;
  append_to(out, values);
  return out;
}

bool TextTemplate::differs_by_client() const {
  return std::ranges::any_of(parts_, [](const Part& part) {
    return part.kind == Kind::number || part.kind == Kind::client || part.kind == Kind::client_column ||
           part.kind == Kind::random;
  });
}

}  // namespace mqtk
