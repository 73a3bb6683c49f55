#include "check/checker.hpp"
#include "check/options.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  mqtk::check::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::check::option_table(options),
                                [&options] { return mqtk::check::Checker(options).run(); });
}
