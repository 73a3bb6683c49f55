#include "cli/program.hpp"
#include "profile/options.hpp"
#include "profile/run.hpp"

int main(int argc, char** argv) {
  mqtk::profile::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::profile::option_table(options),
                                [&options] { return mqtk::profile::run(options); });
}
