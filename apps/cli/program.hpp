// What every main() does around its program's own work.
#pragma once

#include <functional>

#include "cli/option_table.hpp"

namespace mqtk::cli {

// Parses; answers --help, --version and --generate man|bash|zsh|fish|summary on stdout; reports usage errors on
// stderr; otherwise calls `run` and returns its status. SIGPIPE is ignored from here on: a closed reader
// shows as EPIPE.
//
//   int main(int argc, char** argv) {
//     mqtk::pub::Options options;
//     return mqtk::cli::run_program(argc, argv, mqtk::pub::option_table(options),
//                                   [&options] { return mqtk::pub::run(options); });
//   }
[[nodiscard]] int run_program(int argc, char** argv, const OptionTable& table, const std::function<ExitStatus()>& run);

// "0.1.0"
[[nodiscard]] std::string_view version();

}  // namespace mqtk::cli
