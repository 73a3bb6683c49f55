// Whether a text is JSON.
#pragma once

#include <string_view>

namespace mqtk {

// One value of RFC 8259, any kind, with white space around it; nothing else. Nesting takes memory, not stack.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace mqtk
