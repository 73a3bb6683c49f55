// Changes one value inside a JSON text and leaves every other character as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mqtk {

// A JSON Pointer (RFC 6901): empty, or parts that each begin with a slash.
[[nodiscard]] bool is_json_pointer(std::string_view text);

// `text` with the JSON text `value` in the place that `pointer` names. A last part that an object does not have is
// added to it; "-" as the last part adds to a list. Nothing if `text` is not JSON or has no such place.
[[nodiscard]] std::optional<std::string> set_json(std::string_view text, std::string_view pointer,
                                                  std::string_view value);

}  // namespace mqtk
