#include "cli/program.hpp"
#include "replay/options.hpp"
#include "replay/run.hpp"

int main(int argc, char** argv) {
  mqtk::replay::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::replay::option_table(options),
                                [&options] { return mqtk::replay::run(options); });
}
