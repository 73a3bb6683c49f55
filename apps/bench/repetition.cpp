#include "bench/repetition.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "bench/machine.hpp"
#include "bench/measurement.hpp"
#include "bench/scenario_text.hpp"
#include "bench/shard.hpp"
#include "cli/program.hpp"

namespace mqtk::bench {
namespace {

// Messages of an earlier run that are still on their way are foreign to this one; those of the other parts of a shared
// load are not: all parts come to the same identity by themselves.
void choose_streams(Options& options) {
  std::random_device random;
  options.scenario.seed = std::uint64_t{random()} << 32 | random();
  options.scenario.first_stream = random();
  if (options.shard.count == 1) return;
  std::string known_to_all = fmt::format("{} parts of {}", options.shard.count, shared_json(options.scenario));
  if (options.start_at) known_to_all += " at " + *options.start_at;
  options.run = identity_of_run(options.run_id.value_or(known_to_all));
  options.scenario.first_stream = options.run.first_stream;
}

// So that it means the same minute to all who ask.
void settle_start(Options& options) {
  if (options.start_at) {
    options.start_at = rfc3339(*parse_start(*options.start_at, std::chrono::system_clock::now()));
  }
}

}  // namespace

Report measured_report(Options& options) {
  settle_start(options);
  choose_streams(options);
  Report report;
  report.title = scenario_title(options);
  Measurement measurement = measure(options, report.title);
  report.broker = broker_text(options);
  report.tool_version = cli::version();
  report.scenario = scenario_json(options);
  options.start_at.reset();  // further runs follow at once
  report.machine = this_machine();
  report.threads = options.scenario.threads;
  report.shard = options.shard.index + 1;
  report.shards = options.shard.count;
  report.run = options.run.name;
  report.result = std::move(measurement.result);
  report.generator = measurement.generator;
  report.started_at = measurement.started_at;
  report.ended_at = measurement.ended_at;
  report.broker_figures = std::move(measurement.broker_figures);
  report.clock = measurement.clock;
  return report;
}

void add_repeat(Report& all, Report run) {
  if (all.repeats.empty()) all.repeats.push_back(RepeatFigures::of(all.result));
  all.repeats.push_back(RepeatFigures::of(run.result));
  all.result.add_following(run.result);
  all.generator.processor_time += run.generator.processor_time;
  all.generator.memory_bytes = std::max(all.generator.memory_bytes, run.generator.memory_bytes);
  all.ended_at = run.ended_at;
  for (std::size_t i = 0; i < run.broker_figures.size(); ++i) {
    const auto same = std::ranges::find(all.broker_figures, run.broker_figures[i].topic, &Report::BrokerFigure::topic);
    if (same != all.broker_figures.end()) same->last = run.broker_figures[i].last;
  }
}

Report repeated_report(Options& options) {
  Report all = measured_report(options);
  for (std::uint32_t run = 2; run <= options.repeat && !all.result.ended_early; ++run) {
    if (!options.quiet) {
      const std::string line = fmt::format("run {} of {}\n", run, options.repeat);
      (void)!::write(STDERR_FILENO, line.data(), line.size());
    }
    add_repeat(all, measured_report(options));
  }
  return all;
}

}  // namespace mqtk::bench
