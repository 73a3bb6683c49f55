// "Did you mean": the nearest of a list of names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::cli {

// The name with the fewest single-character edits (insert, delete, replace, swap of neighbours) from `typed`,
// if it is near enough to be a typing error; a name that `typed` is the beginning of counts as near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace mqtk::cli
