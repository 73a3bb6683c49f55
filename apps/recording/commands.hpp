// The commands of `mqtk recording`, one file for each kind.
#pragma once

#include "cli/exit_status.hpp"
#include "recording/options.hpp"

namespace mqtk::recording {

[[nodiscard]] cli::ExitStatus run(const Options& options);

[[nodiscard]] cli::ExitStatus show_info(const Options& options);
[[nodiscard]] cli::ExitStatus list_topics(const Options& options);
[[nodiscard]] cli::ExitStatus print_messages(const Options& options);
// filter, merge and convert
[[nodiscard]] cli::ExitStatus write_messages(const Options& options);
[[nodiscard]] cli::ExitStatus compare(const Options& options);

}  // namespace mqtk::recording
