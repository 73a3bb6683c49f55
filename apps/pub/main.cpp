#include "cli/program.hpp"
#include "pub/options.hpp"
#include "pub/run.hpp"

int main(int argc, char** argv) {
  mqtk::pub::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::pub::option_table(options),
                                [&options] { return mqtk::pub::run(options); });
}
