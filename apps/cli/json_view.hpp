// Looks into JSON text and lays it out anew without changing a value: numbers stay character for character.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace mqtk::cli {

// Nothing, or why `pointer` is no JSON Pointer (RFC 6901).
[[nodiscard]] std::optional<std::string> json_pointer_fault(std::string_view pointer);

// The text of the value at `pointer`; nothing where `text` is no JSON or has no such value. Of repeated members the
// last one counts, as in most readers.
[[nodiscard]] std::optional<std::string_view> json_at(std::string_view text, std::string_view pointer);

// A string without its quotes and escapes; any other value as it is written.
[[nodiscard]] std::string json_plain(std::string_view value);

// One member or element to a line, each level two spaces deeper. Nothing where `text` is no JSON.
[[nodiscard]] std::optional<std::string> json_indented(std::string_view text);

// A condition on a payload: "/state==done", "/temperature>=21.5", "/error" (is there).
class JsonCondition {
 public:
  [[nodiscard]] static std::expected<JsonCondition, std::string> parse(std::string_view text);
  [[nodiscard]] bool holds(std::string_view payload) const;

 private:
  enum class Operator : unsigned char { exists, equal, not_equal, less, less_or_equal, greater, greater_or_equal };
  std::string pointer_;
  Operator operator_ = Operator::exists;
  std::string operand_;
};

}  // namespace mqtk::cli
