// The options by their words: what each takes, which tool knows it, and what it does. Private to arguments.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mosquitto/arguments.hpp"

namespace mqtk::mosquitto {

// Empty where the value is taken; otherwise what is wrong.
using Apply = std::string (*)(Arguments& arguments, const std::string& value);

struct OptionWord {
  std::string_view word;        // "-q"
  std::string_view other_word;  // "--qos", or empty
  std::string_view tools;       // of "PSR"
  std::string_view value;       // as in "given but no QoS specified"; empty for a flag
  Apply apply;
};

[[nodiscard]] std::span<const OptionWord> option_words();

// -D COMMAND NAME VALUE [VALUE]
[[nodiscard]] std::string apply_property(Arguments& arguments, const std::vector<std::string>& words);
// How many words follow -D, told them.
[[nodiscard]] std::size_t property_words(const std::vector<std::string>& following);

}  // namespace mqtk::mosquitto
