#include "pub/run.hpp"

#include "cli/output.hpp"
#include "pub/publisher.hpp"
#include "pub/raw_sender.hpp"

namespace mqtk::pub {

cli::ExitStatus run(const Options& options) {
  if (options.raw) return send_raw(options);
  // Who names a Topic Alias has the payload in a PUBLISH of its own.
  const bool alias = options.connection.publish_properties.block().find(PropertyId::topic_alias).has_value();
  const auto source = cli::open_source(options.input, alias ? cli::LongPayload::filled : cli::LongPayload::deferred);
  if (!source) {
    cli::report_usage(source.error());
    return cli::ExitStatus::usage;
  }
  return Publisher(options, **source).run();
}

}  // namespace mqtk::pub
