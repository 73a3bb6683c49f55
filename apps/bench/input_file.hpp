// Small files that options and scenarios name.
#pragma once

#include <expected>
#include <string>

namespace mqtk::bench {

// The whole content, at most 100 MB, or why it cannot be read: "cannot be read: No such file or directory".
[[nodiscard]] std::expected<std::string, std::string> read_input_file(const std::string& name);

}  // namespace mqtk::bench
