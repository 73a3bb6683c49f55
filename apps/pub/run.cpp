#include "pub/run.hpp"

#include "cli/output.hpp"
#include "pub/publisher.hpp"

namespace mqtk::pub {

cli::ExitStatus run(const Options& options) {
  const auto source = cli::open_source(options.input);
  if (!source) {
    cli::report_usage(source.error());
    return cli::ExitStatus::usage;
  }
  return Publisher(options, **source).run();
}

}  // namespace mqtk::pub
