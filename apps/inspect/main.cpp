#include "cli/program.hpp"
#include "inspect/options.hpp"
#include "inspect/run.hpp"

int main(int argc, char** argv) {
  mqtk::inspect::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::inspect::option_table(options),
                                [&options] { return mqtk::inspect::run(options); });
}
