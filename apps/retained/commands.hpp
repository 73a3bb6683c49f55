// One function for each command; run() chooses.
#pragma once

#include "cli/exit_status.hpp"
#include "retained/options.hpp"

namespace mqtk::retained {

[[nodiscard]] cli::ExitStatus run(const Options& options);

[[nodiscard]] cli::ExitStatus list_topics(const Options& options);          // ls
[[nodiscard]] cli::ExitStatus print_tree(const Options& options);           // tree
[[nodiscard]] cli::ExitStatus print_messages(const Options& options);       // get
[[nodiscard]] cli::ExitStatus export_messages(const Options& options);      // export
[[nodiscard]] cli::ExitStatus import_messages(const Options& options);      // import
[[nodiscard]] cli::ExitStatus remove_messages(const Options& options);      // rm
[[nodiscard]] cli::ExitStatus compare(const Options& options);              // diff
[[nodiscard]] cli::ExitStatus lint_home_assistant(const Options& options);  // lint --homeassistant

}  // namespace mqtk::retained
