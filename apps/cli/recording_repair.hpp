// Mending a recording: for `record --repair` and `recording repair`.
#pragma once

#include <optional>
#include <string>

#include "cli/exit_status.hpp"

namespace mqtk::cli {

// Writes what can be read of the MCAP file `path` into `target`, or in its place where there is no target. Reports what
// was lost; `done` also then, since it is mended. A file with nothing to mend stays as it is.
[[nodiscard]] ExitStatus repair_recording(const std::string& path, const std::optional<std::string>& target);

}  // namespace mqtk::cli
