#include "bench/measurement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bench/broker_figures.hpp"
#include "bench/live_view.hpp"
#include "bench/metrics.hpp"
#include "bench/shard.hpp"
#include "cli/metrics_page.hpp"
#include "cli/output.hpp"
#include "load/clock_exchange.hpp"
#include "load/load_run.hpp"
#include "load/side_client.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::bench {
namespace {

class Run final : LoadRunListener {
 public:
  Run(const Options& options, const std::string& title)
      : options_(options),
        run_(loop_, options.scenario, *this, options.shard),
        signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { on_signal(signal); }),
        view_(view_options(options, title)) {}

  Measurement run();

 private:
  void on_running() override;
  void on_interval(const LoadInterval& interval) override;
  void on_done() override { loop_.stop(); }
  void on_signal(int signal);
  void take_sample();
  TimePoint begin_at();
  void wait_for_figures();
  void compare_clocks();
  [[nodiscard]] std::optional<LoadReport::Clock> compared_clock() const;
  [[nodiscard]] ConnectOptions beside_the_load() const {
    return side_client_options(options_.scenario, options_.shard, loop_.wall_now());
  }
  static LiveView::Options view_options(const Options& options, const std::string& title);
  static void show(std::string_view text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

  static constexpr Duration figures_limit = std::chrono::seconds{12};

  const Options& options_;
  Loop loop_;
  LoadRun run_;
  SignalWatch signals_;
  struct Sample {
    ProcessUse generator;
    ProcessUse broker;
  };
  std::vector<Sample> samples_;  // one for each interval
  Duration sampled_{0};          // processor time until the last one
  Duration broker_sampled_{0};
  LiveView view_;
  Metrics metrics_;
  std::optional<cli::MetricsPage> metrics_page_;
  std::unique_ptr<BrokerFigures> figures_;
  std::unique_ptr<ClockExchange> clocks_;
  bool ended_ = false;
  bool interrupted_ = false;
};

LiveView::Options Run::view_options(const Options& options, const std::string& title) {
  LiveView::Options view = live_view_options();
  // A search tells its trials instead.
  if (options.quiet || options.task == Options::Task::find_max) view.form = LiveView::Form::none;
  view.title = title;
  view.length = options.scenario.length();
  return view;
}

void Run::on_running() {
  sampled_ = usage_so_far().processor_time;
  if (!options_.broker_process) return;
  if (const auto use = usage_of(*options_.broker_process)) broker_sampled_ = use->processor_time;
}

void Run::take_sample() {
  Sample sample{.generator = usage_so_far(), .broker = {}};
  sample.generator.processor_time -= std::exchange(sampled_, sample.generator.processor_time);
  const auto broker = options_.broker_process ? usage_of(*options_.broker_process) : std::nullopt;
  if (broker) {
    sample.broker = *broker;
    sample.broker.processor_time -= std::exchange(broker_sampled_, broker->processor_time);
  }
  samples_.push_back(sample);
}

void Run::on_interval(const LoadInterval& interval) {
  take_sample();
  show(view_.interval(interval, run_.main_latency()));
  if (!metrics_page_) return;
  LoadInterval with_processes = interval;
  with_processes.generator = samples_.back().generator;
  with_processes.broker = samples_.back().broker;
  metrics_.add(with_processes);
}

void Run::on_signal(int signal) {
  if (std::exchange(interrupted_, true)) std::_Exit(128 + signal);  // the broker of the run ends with us
  if (!ended_) run_.end_early();
}

// The beginning of time if none was asked for.
TimePoint Run::begin_at() {
  if (!options_.start_at) return {};
  const WallTime now = loop_.wall_now();
  const WallTime start = *parse_start(*options_.start_at, now);
  if (start <= now) {
    cli::report(fmt::format("--start-at has passed {} ago: this part starts late", short_duration(now - start)));
  }
  return loop_.refresh_now() + (start - now);
}

// The broker's next word about itself, unless an interrupt comes first.
void Run::wait_for_figures() {
  figures_->run_ended();
  const TimePoint until = loop_.time_after(figures_limit);
  while (!figures_->complete() && !interrupted_ && loop_.now() < until) loop_.run_turn(until - loop_.now());
  // One topic follows the other.
  const TimePoint rest = loop_.time_after(std::chrono::milliseconds{100});
  while (loop_.refresh_now() < rest) loop_.run_turn(rest - loop_.now());
}

void Run::compare_clocks() {
  if (options_.shard.count == 1) return;
  clocks_ =
      std::make_unique<ClockExchange>(loop_,
                                      ClockExchange::Setting{.endpoint = options_.scenario.endpoint,
                                                             .connect = beside_the_load(),
                                                             .process = options_.shard,
                                                             .run = options_.run.name,
                                                             .clock = identity_of_clock()},
                                      [this](const std::vector<SenderClock>& clocks) { run_.set_clocks(clocks); });
}

std::optional<LoadReport::Clock> Run::compared_clock() const {
  if (clocks_ == nullptr) return std::nullopt;
  if (!clocks_->failure().empty()) cli::report("the clocks of the parts are not compared: " + clocks_->failure());
  if (clocks_->is_first_parts_clock()) return LoadReport::Clock{.first_part = {}, .is_same = true};
  const auto first_part = clocks_->first_part();
  if (!first_part) return std::nullopt;
  return LoadReport::Clock{.first_part = *first_part, .is_same = false};
}

Measurement Run::run() {
  const ProcessUse before = usage_so_far();
  sampled_ = before.processor_time;
  Measurement measurement;
  if (options_.system_topics) {
    figures_ = std::make_unique<BrokerFigures>(loop_, options_.scenario.endpoint, beside_the_load());
  }
  if (options_.metrics_port) {
    metrics_page_.emplace(loop_, [this] { return metrics_.text(); });
    const auto url = metrics_page_->listen(*options_.metrics_port);
    if (!url) cli::report(fmt::format("--metrics-port: {}", url.error().text()));
  }
  measurement.started_at = loop_.wall_now();
  run_.start(begin_at());
  compare_clocks();
  loop_.run();
  ended_ = true;
  measurement.ended_at = loop_.wall_now();
  measurement.generator = usage_so_far();
  measurement.generator.processor_time -= before.processor_time;
  show(view_.end());
  measurement.result = run_.take_result();
  measurement.clock = compared_clock();
  std::vector<LoadInterval>& series = measurement.result.series;
  for (std::size_t i = 0; i < std::min(samples_.size(), series.size()); ++i) {
    series[i].generator = samples_[i].generator;
    series[i].broker = samples_[i].broker;
  }
  if (figures_ != nullptr) {
    wait_for_figures();
    measurement.broker_figures = figures_->figures();
    if (const std::string why = figures_->failure(); !why.empty()) cli::report("--sys: " + why);
  }
  return measurement;
}

}  // namespace

Measurement measure(const Options& options, const std::string& title) { return Run{options, title}.run(); }

bool can_serve_metrics(const Options& options) {
  if (!options.metrics_port) return true;
  Loop loop;
  cli::MetricsPage page(loop, [] { return std::string{}; });
  const auto url = page.listen(*options.metrics_port);
  if (!url) cli::report(fmt::format("--metrics-port: {}", url.error().text()));
  return url.has_value();
}

}  // namespace mqtk::bench
