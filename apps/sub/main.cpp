#include "cli/program.hpp"
#include "sub/options.hpp"
#include "sub/subscriber.hpp"

int main(int argc, char** argv) {
  mqtk::sub::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::sub::option_table(options),
                                [&options] { return mqtk::sub::Subscriber(options).run(); });
}
