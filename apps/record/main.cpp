#include "cli/program.hpp"
#include "record/options.hpp"
#include "record/run.hpp"

int main(int argc, char** argv) {
  mqtk::record::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::record::option_table(options),
                                [&options] { return mqtk::record::run(options); });
}
