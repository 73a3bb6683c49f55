#include "cli/program.hpp"
#include "proxy/options.hpp"
#include "proxy/run.hpp"

int main(int argc, char** argv) {
  mqtk::proxy::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::proxy::option_table(options),
                                [&options] { return mqtk::proxy::run(options); });
}
