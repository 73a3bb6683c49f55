// Text inside XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace mqtk::bench {

// For element content and quoted attributes. Control characters, which XML does not have, become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view utf8);

}  // namespace mqtk::bench
