#include "bench/options.hpp"
#include "bench/run.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  mqtk::bench::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::bench::option_table(options),
                                [&options] { return mqtk::bench::run(options); });
}
