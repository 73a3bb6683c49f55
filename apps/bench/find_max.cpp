#include "bench/find_max.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bench/conclusion.hpp"
#include "bench/repetition.hpp"
#include "bench/report.hpp"
#include "cli/output.hpp"
#include "load/rate_search.hpp"

namespace mqtk::bench {
namespace {

using cli::ExitStatus;

// What was sent must come to the rate that was asked for, or nothing was learned about it.
constexpr double share_to_be_sent = 0.98;

void tell(const Options& options, std::string_view text) {
  if (options.quiet) return;
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

// Why the rate does not count; empty if it does.
std::string shortcoming(const Report& report, const Options& options, double rate) {
  if (report.result.sent_rate() < share_to_be_sent * rate) return "the rate was not reached";
  bool errors_judged = false;
  for (const Threshold& threshold : options.thresholds) {
    if (const auto verdict = threshold.check(report.result); !verdict.holds) {
      return fmt::format("{} ({})", threshold.text(), verdict.measured);
    }
    errors_judged = errors_judged || threshold.is_about_errors();
  }
  if (!errors_judged && report.result.errors.count() > 0) return "errors";
  return {};
}

double total_rate(const Scenario& scenario) {
  double rate = 0;
  for (const ClientGroup& group : scenario.groups) rate += group.publishes() ? group.rate : 0;
  return rate;
}

// In the proportions that the groups have.
void set_total_rate(Scenario& scenario, double rate) {
  const double factor = rate / total_rate(scenario);
  for (ClientGroup& group : scenario.groups) {
    if (group.publishes()) group.rate *= factor;
  }
}

class Finding {
 public:
  explicit Finding(Options& options) : options_(options), search_(search_options(options)) {}

  ExitStatus run() {
    tell(options_, trial_heading());
    while (const auto rate = search_.next()) {
      if (!try_rate(*rate)) break;
    }
    return conclude_search();
  }

 private:
  static RateSearch::Options search_options(const Options& options) {
    RateSearch::Options search;
    search.first = total_rate(options.scenario);
    search.precision = options.precision;
    return search;
  }

  // False when the run was interrupted.
  bool try_rate(double rate) {
    const RateSearch::Stage stage = search_.stage();
    set_total_rate(options_.scenario, rate);
    Report report = measured_report(options_);
    if (report.result.ended_early) return false;
    SearchTrial trial;
    trial.rate = rate;
    trial.stage = stage_name(stage);
    trial.shortcoming = shortcoming(report, options_, rate);
    trial.holds = trial.shortcoming.empty();
    trial.figures = RepeatFigures::of(report.result);
    generator_was_limit_ = generator_was_limit_ || (!trial.holds && !generator_notice(report).empty());
    tell(options_, trial_line(trial) + (trial.holds ? "" : ": " + trial.shortcoming) + '\n');
    if (trial.holds) keep(std::move(report), rate);
    trials_.push_back(std::move(trial));
    search_.tried(trials_.back().holds);
    return true;
  }

  // The runs at the rate that held last are one result: the search ends with confirmations of it.
  void keep(Report report, double rate) {
    if (best_ && rate == kept_rate_) return add_repeat(*best_, std::move(report));
    best_ = std::move(report);
    kept_rate_ = rate;
  }

  ExitStatus conclude_search() {
    const double highest = search_.highest();
    std::string head;
    if (generator_was_limit_) {
      head = "The load test itself was the limit at a rate that failed: the broker may take more.\n\n";
    }
    const std::string tables = trial_table(trials_) + '\n' + trial_plot(trials_);
    if (highest <= 0 || !best_) {
      const std::string_view why = search_.stage() == RateSearch::Stage::done ? "At no rate do the conditions hold.\n"
                                                                              : "Ended early: no rate is confirmed.\n";
      cli::Output output;
      output.write(head + tables + '\n' + std::string{why});
      output.flush();
      return output.status() == ExitStatus::done ? ExitStatus::assertion_failed : output.status();
    }
    best_->trials = trials_;
    best_->highest_rate = highest;
    return conclude(*best_, options_,
                    {.before = std::move(head),
                     .after = '\n' + tables +
                              fmt::format("\nhighest rate that holds, confirmed {} times: {:.0f} messages a second\n",
                                          RateSearch::Options{}.confirmations, highest)});
  }

  Options& options_;
  RateSearch search_;
  std::vector<SearchTrial> trials_;
  std::optional<Report> best_;
  double kept_rate_ = 0;
  bool generator_was_limit_ = false;
};

}  // namespace

ExitStatus find_max(Options& options) { return Finding{options}.run(); }

}  // namespace mqtk::bench
