// Formatted text at the end of a string.
#pragma once

#include <string>

#include <fmt/core.h>

namespace mqtk {

void append_format_arguments(std::string& out, fmt::string_view format, fmt::format_args arguments);

// What fmt::format() makes of the arguments. The work is compiled once here; fmt 9 compiles it for each file that uses
// fmt::format_to().
template <class... T>
void append_format(std::string& out, fmt::format_string<T...> format, T&&... arguments) {
  append_format_arguments(out, format, fmt::make_format_args(arguments...));
}

}  // namespace mqtk
