#include "broker/options.hpp"
#include "broker/run.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  mqtk::broker_program::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::broker_program::option_table(options),
                                [&options] { return mqtk::broker_program::run(options); });
}
