#include "cli/program.hpp"
#include "respond/options.hpp"
#include "respond/responder.hpp"

int main(int argc, char** argv) {
  mqtk::respond::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::respond::option_table(options),
                                [&options] { return mqtk::respond::Responder(options).run(); });
}
