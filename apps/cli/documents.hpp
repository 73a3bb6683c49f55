// Texts made from an option table: --help, the manual page and the completions.
#pragma once

#include <string>

#include "cli/option_table.hpp"

namespace mqtk::cli {

[[nodiscard]] std::string help_text(const OptionTable& table);

// Manual page in section 1, man macros.
[[nodiscard]] std::string manual_page(const OptionTable& table);

[[nodiscard]] std::string bash_completion(const OptionTable& table);
[[nodiscard]] std::string zsh_completion(const OptionTable& table);
[[nodiscard]] std::string fish_completion(const OptionTable& table);

}  // namespace mqtk::cli
