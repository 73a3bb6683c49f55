#include "bench/run.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "bench/conclusion.hpp"
#include "bench/embedded_broker.hpp"
#include "bench/measurement.hpp"
#include "bench/report.hpp"
#include "bench/scenario_loading.hpp"
#include "bench/scenario_text.hpp"
#include "bench/sink.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"

namespace mqtk::bench {

using cli::ExitStatus;

namespace {

Report report_of(const Options& options, Measurement measurement) {
  Report report;
  report.title = scenario_title(options);
  report.broker = broker_text(options);
  report.tool_version = cli::version();
  report.scenario = scenario_json(options);
  report.machine = this_machine();
  report.threads = options.scenario.threads;
  report.result = std::move(measurement.result);
  report.generator = measurement.generator;
  report.started_at = measurement.started_at;
  report.ended_at = measurement.ended_at;
  return report;
}

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
  scenario.run_mark = static_cast<std::uint8_t>(random());
  scenario.seed = std::uint64_t{random()} << 32 | random();
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
  Report report = report_of(options, measure(options));
  return conclude(report, options);
}

}  // namespace mqtk::bench
