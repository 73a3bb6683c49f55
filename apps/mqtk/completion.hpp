// Completions of mqtk itself: the names of the programs, then what each program's own completion says.
#pragma once

#include <string_view>

namespace mqtk::dispatcher {

// `shell` is bash, zsh or fish; empty for another word.
[[nodiscard]] std::string_view completion(std::string_view shell);

}  // namespace mqtk::dispatcher
