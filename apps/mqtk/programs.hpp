// The programs that mqtk can call: executables named mqtk-NAME.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::dispatcher {

// Where to look, first wins: the folder of the running executable, then those of PATH.
[[nodiscard]] std::vector<std::string> search_folders(const char* argv0);

// The path of mqtk-NAME.
[[nodiscard]] std::optional<std::string> find_program(std::string_view name, const std::vector<std::string>& folders);

// All names, sorted, each once.
[[nodiscard]] std::vector<std::string> program_names(const std::vector<std::string>& folders);

// What `path --generate summary` prints: one line. Empty where that fails.
[[nodiscard]] std::string summary_of(const std::string& path);

}  // namespace mqtk::dispatcher
