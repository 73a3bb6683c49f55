#include "bench/measurement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "bench/report.hpp"
#include "load/load_run.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::bench {
namespace {

class Run final : LoadRunListener {
 public:
  explicit Run(const Options& options)
      : options_(options),
        run_(loop_, options.scenario, *this),
        signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { on_signal(signal); }),
        on_terminal_(::isatty(STDERR_FILENO) != 0) {}

  Measurement run();

 private:
  void on_running() override;
  void on_interval(const LoadInterval& interval) override;
  void on_done() override { loop_.stop(); }
  void on_signal(int signal);
  void take_sample();

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
  bool on_terminal_;
  bool line_open_ = false;
  bool interrupted_ = false;
};

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
  if (options_.quiet) return;
  const std::string line = progress_line(interval, run_.main_latency());
  // A terminal shows one line that is drawn anew.
  const std::string text = on_terminal_ ? fmt::format("\r\x1b[K{}", line) : line + '\n';
  line_open_ = on_terminal_;
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void Run::on_signal(int signal) {
  if (std::exchange(interrupted_, true)) std::_Exit(128 + signal);  // the broker of the run ends with us
  run_.end_early();
}

Measurement Run::run() {
  const ProcessUse before = usage_so_far();
  sampled_ = before.processor_time;
  Measurement measurement;
  measurement.started_at = loop_.wall_now();
  run_.start();
  loop_.run();
  measurement.ended_at = loop_.wall_now();
  measurement.generator = usage_so_far();
  measurement.generator.processor_time -= before.processor_time;
  if (line_open_) (void)!::write(STDERR_FILENO, "\r\x1b[K", 4);
  measurement.result = run_.take_result();
  std::vector<LoadInterval>& series = measurement.result.series;
  for (std::size_t i = 0; i < std::min(samples_.size(), series.size()); ++i) {
    series[i].generator = samples_[i].generator;
    series[i].broker = samples_[i].broker;
  }
  return measurement;
}

}  // namespace

Measurement measure(const Options& options) { return Run{options}.run(); }

}  // namespace mqtk::bench
