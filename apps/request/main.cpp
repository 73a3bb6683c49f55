#include "cli/output.hpp"
#include "cli/program.hpp"
#include "request/options.hpp"
#include "request/requester.hpp"

int main(int argc, char** argv) {
  mqtk::request::Options options;
  return mqtk::cli::run_program(argc, argv, mqtk::request::option_table(options), [&options] {
    const auto source = mqtk::cli::open_source(options.input);
    if (source) return mqtk::request::Requester(options, **source).run();
    mqtk::cli::report_usage(source.error());
    return mqtk::cli::ExitStatus::usage;
  });
}
