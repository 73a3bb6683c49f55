#include "bench/measurement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

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
  void on_running() override {}
  void on_interval(const LoadInterval& interval) override;
  void on_done() override { loop_.stop(); }
  void on_signal(int signal);

  const Options& options_;
  Loop loop_;
  LoadRun run_;
  SignalWatch signals_;
  bool on_terminal_;
  bool line_open_ = false;
  bool interrupted_ = false;
};

void Run::on_interval(const LoadInterval& interval) {
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
  const Usage before = usage_so_far();
  Measurement measurement;
  measurement.started_at = loop_.wall_now();
  run_.start();
  loop_.run();
  measurement.ended_at = loop_.wall_now();
  measurement.usage = usage_so_far();
  measurement.usage.processor_time -= before.processor_time;
  if (line_open_) (void)!::write(STDERR_FILENO, "\r\x1b[K", 4);
  measurement.result = run_.take_result();
  return measurement;
}

}  // namespace

Measurement measure(const Options& options) { return Run{options}.run(); }

}  // namespace mqtk::bench
