// Setters for the usual kinds of value. Each keeps a reference: the options struct must outlive the table.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "cli/option_table.hpp"
#include "codec/types.hpp"

namespace mqtk::cli {

// Whole text is a decimal number from `least` to `most`.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_number(std::string_view text, std::uint64_t least,
                                                                     std::uint64_t most);

[[nodiscard]] Setter store(std::string& target);
[[nodiscard]] Setter store(std::optional<std::string>& target);
[[nodiscard]] Setter append(std::vector<std::string>& target);  // repeated options, order kept
[[nodiscard]] Setter set_true(bool& target);                    // flags
[[nodiscard]] Setter set_false(bool& target);
[[nodiscard]] Setter count(int& target);  // -v, -vv
[[nodiscard]] Setter silence();           // --quiet: cli::report says nothing from then on
[[nodiscard]] Setter store(QoS& target);  // 0, 1, 2
[[nodiscard]] Setter store(Version& target);
// As base/time.hpp reads them: "500ms", "2m", a bare number is seconds.
[[nodiscard]] Setter store(Duration& target);
[[nodiscard]] Setter store(std::optional<Duration>& target);

// A number from `least` to `most`, which must fit in the target. Target: an unsigned integer or an optional
// of one.
template <class T>
[[nodiscard]] Setter store_number(T& target, std::uint64_t least, std::uint64_t most) {
  return [&target, least, most](std::string_view text) -> Accepted {
    const auto number = parse_number(text, least, most);
    if (!number) return std::unexpected(number.error());
    if constexpr (requires { typename T::value_type; }) {
      target = static_cast<typename T::value_type>(*number);
    } else {
      target = static_cast<T>(*number);
    }
    return {};
  };
}

// What `parse` makes of the text. Parse: a function of a std::string_view to an expected with a std::string as error.
template <class T, class Parse>
[[nodiscard]] Setter store_parsed(T& target, Parse parse) {
  return [&target, parse](std::string_view text) -> Accepted {
    auto value = parse(text);
    if (!value) return std::unexpected(std::move(value.error()));
    target = std::move(*value);
    return {};
  };
}

// "not one of a, b, c"
[[nodiscard]] std::string not_one_of(const std::vector<std::string>& choices);

// One of a list of words.
template <class T>
[[nodiscard]] Setter store_choice(T& target, std::vector<std::pair<std::string, T>> choices) {
  return [&target, choices = std::move(choices)](std::string_view text) -> Accepted {
    std::vector<std::string> words;
    for (const auto& [word, value] : choices) {
      if (word == text) {
        target = value;
        return {};
      }
      words.push_back(word);
    }
    return std::unexpected(not_one_of(words));
  };
}

}  // namespace mqtk::cli
