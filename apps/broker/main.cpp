#include <algorithm>
#include <string_view>

#include "broker/control_client.hpp"
#include "broker/options.hpp"
#include "broker/passwd.hpp"
#include "broker/run.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  using namespace mqtk::broker_program;
  if (argc > 1 && argv[1] == std::string_view("passwd")) return run_passwd(argc - 1, argv + 1);
  if (argc > 1 && is_control_command(argv[1])) {
    ControlOptions options;
    return mqtk::cli::run_program(argc, argv, control_option_table(options),
                                  [&options] { return run_control(options); });
  }
  Options options;
  options.command_is_marked =
      std::any_of(argv + std::min(argc, 1), argv + argc, [](std::string_view word) { return word == "--"; });
  return mqtk::cli::run_program(argc, argv, option_table(options), [&options] { return run(options); });
}
