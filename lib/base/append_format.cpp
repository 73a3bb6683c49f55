#include "base/append_format.hpp"

#include <iterator>

#include <fmt/format.h>

namespace mqtk {

void append_format_arguments(std::string& out, fmt::string_view format, fmt::format_args arguments) {
  fmt::vformat_to(std::back_inserter(out), format, arguments);
}

}  // namespace mqtk
