#include "cli/program.hpp"
#include "recording/commands.hpp"
#include "recording/options.hpp"

int main(int argc, char** argv) {
  mqtk::recording::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::recording::option_table(options),
                                [&options] { return mqtk::recording::run(options); });
}
