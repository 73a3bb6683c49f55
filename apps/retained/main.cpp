#include "cli/program.hpp"
#include "retained/commands.hpp"
#include "retained/options.hpp"

int main(int argc, char** argv) {
  mqtk::retained::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::retained::option_table(options),
                                [&options] { return mqtk::retained::run(options); });
}
