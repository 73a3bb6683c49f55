// Text in columns of a terminal, where some characters are two columns wide and some none.
#pragma once

#include <string>
#include <string_view>

namespace mqtk::cli {

// Columns of `utf8`, which must be well formed and without control characters.
[[nodiscard]] unsigned text_width(std::string_view utf8);

// At most `columns` columns of it; where something is cut the last column is a '~'.
[[nodiscard]] std::string cut_to_width(std::string_view utf8, unsigned columns);
// The same, and spaces behind it up to `columns` columns.
[[nodiscard]] std::string fit_to_width(std::string_view utf8, unsigned columns);

}  // namespace mqtk::cli
