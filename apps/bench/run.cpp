#include "bench/run.hpp"

#include <fmt/format.h>

#include <random>

#include "bench/conclusion.hpp"
#include "bench/embedded_broker.hpp"
#include "bench/find_max.hpp"
#include "bench/machine.hpp"
#include "bench/measurement.hpp"
#include "bench/repetition.hpp"
#include "bench/scenario_loading.hpp"
#include "bench/sink.hpp"
#include "bench/stored_results.hpp"
#include "cli/output.hpp"

namespace mqtk::bench {

using cli::ExitStatus;

namespace {

ExitStatus print_schema() {
  cli::Output output;
  output.write(scenario_schema());
  output.flush();
  return output.status();
}

}  // namespace

ExitStatus run(Options& options) {
  if (options.print_schema) return print_schema();
  if (options.kind == Options::Kind::init) return init_scenario(options);
  if (options.kind == Options::Kind::sink) return run_sink(options);
  if (options.task == Options::Task::compare) return compare_files(options);
  if (options.task == Options::Task::merge) return merge_files(options);
  if (!can_serve_metrics(options)) return ExitStatus::local_failure;
  Scenario& scenario = options.scenario;
  std::uint64_t limit = 0;
  if (!allow_descriptors(scenario.clients(), limit)) {
    cli::report(
        fmt::format("{} clients need more open files than the {} that are allowed; raise the hard limit "
                    "(ulimit -Hn) or connect fewer",
                    scenario.clients(), limit));
    return ExitStatus::local_failure;
  }
  std::random_device random;
  // Short enough for MQTT 3.1, which allows 23 bytes.
  const std::string identifier = fmt::format("mqtk-{:06x}-{{client}}", random() & 0xFF'FFFF);
  for (ClientGroup& group : scenario.groups) {
    if (group.connect.client_identifier.empty()) group.connect.client_identifier = identifier;
  }

  EmbeddedBroker broker;
  if (options.embedded_broker || options.sink) {
    const auto endpoint = broker.start(options.sink ? EmbeddedBroker::Program::sink : EmbeddedBroker::Program::broker);
    if (!endpoint) {
      cli::report(endpoint.error());
      return ExitStatus::local_failure;
    }
    scenario.endpoint = *endpoint;
    if (!options.broker_process) options.broker_process = broker.process();
  }
  if (options.task == Options::Task::find_max) return find_max(options);
  Report report = repeated_report(options);
  return conclude(report, options);
}

}  // namespace mqtk::bench
