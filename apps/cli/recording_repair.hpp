// Mending a recording: for `record --repair` and `recording repair`.
#pragma once

#include <optional>
#include <string>

#include "capture/output_file.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::cli {

// Writes what can be read of the MCAP file `path` into `target`, or in its place where there is no target. Reports what
// was lost; `done` also then, since it is mended. A file with nothing to mend stays as it is. `existing` says what is
// done with a target that exists.
[[nodiscard]] ExitStatus repair_recording(const std::string& path, const std::optional<std::string>& target = {},
                                          OutputFile::Existing existing = OutputFile::Existing::is_refused);

}  // namespace mqtk::cli
