#include "bench/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>

#include "bench/embedded_broker.hpp"
#include "bench/report.hpp"
#include "cli/output.hpp"
#include "load/worker.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::bench {
namespace {

using cli::ExitStatus;

ExitStatus status_of(LoadErrorKind kind) {
  switch (kind) {
    case LoadErrorKind::connect_failed: return ExitStatus::not_connected;
    case LoadErrorKind::connect_refused: return ExitStatus::refused_at_connect;
    case LoadErrorKind::connect_timed_out: return ExitStatus::timed_out;
    case LoadErrorKind::subscription_denied:
    case LoadErrorKind::publish_refused:
    case LoadErrorKind::disconnected: return ExitStatus::refused_later;
    case LoadErrorKind::not_sent:
    case LoadErrorKind::connection_lost: return ExitStatus::connection_lost;
    case LoadErrorKind::protocol_broken: return ExitStatus::malformed_input;
  }
  return ExitStatus::local_failure;
}

ExitStatus status_of(const LoadErrors& errors) {
  const auto most = std::ranges::max_element(errors.all(), {}, &LoadError::count);
  return most == errors.all().end() ? ExitStatus::done : status_of(most->kind);
}

class Run final : WorkerListener {
 public:
  explicit Run(const Options& options)
      : options_(options),
        worker_(loop_, options.scenario, *this),
        signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { on_signal(signal); }),
        on_terminal_(::isatty(STDERR_FILENO) != 0) {}

  ExitStatus run();

 private:
  void on_running() override {}
  void on_interval(const LoadInterval& interval) override;
  void on_done() override { loop_.stop(); }
  void on_signal(int signal);
  ExitStatus judge();
  bool write_output(const std::string& json);

  const Options& options_;
  Loop loop_;
  Worker worker_;
  SignalWatch signals_;
  Report report_;
  bool on_terminal_;
  bool line_open_ = false;
  bool interrupted_ = false;
};

void Run::on_interval(const LoadInterval& interval) {
  if (options_.quiet) return;
  const std::string line = progress_line(interval, options_);
  // A terminal shows one line that is drawn anew.
  const std::string text = on_terminal_ ? fmt::format("\r\x1b[K{}", line) : line + '\n';
  line_open_ = on_terminal_;
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void Run::on_signal(int signal) {
  if (std::exchange(interrupted_, true)) std::_Exit(128 + signal);  // the broker of the run ends with us
  worker_.end_early();
}

ExitStatus Run::run() {
  const Usage before = usage_so_far();
  report_.options = &options_;
  report_.result = &worker_.result();
  report_.machine = this_machine();
  report_.started_at = loop_.wall_now();
  worker_.start();
  loop_.run();
  report_.ended_at = loop_.wall_now();
  report_.usage = usage_so_far();
  report_.usage.processor_time -= before.processor_time;
  if (line_open_) (void)!::write(STDERR_FILENO, "\r\x1b[K", 4);
  const ExitStatus verdict = judge();

  cli::Output output;
  output.write(summary(report_));
  output.flush();
  if (output.status() != ExitStatus::done) return output.status();
  if (options_.output && !write_output(to_json(report_))) return ExitStatus::local_failure;
  return verdict;
}

ExitStatus Run::judge() {
  const LoadResult& result = worker_.result();
  bool all_hold = true;
  bool errors_judged = false;
  for (const Threshold& threshold : options_.thresholds) {
    report_.thresholds.push_back({threshold.text(), threshold.check(result)});
    all_hold = all_hold && report_.thresholds.back().verdict.holds;
    errors_judged = errors_judged || threshold.is_about_errors();
  }
  if (result.counts.connected == 0 && result.errors.count() > 0) return status_of(result.errors);
  if (!all_hold) return ExitStatus::assertion_failed;
  return errors_judged ? ExitStatus::done : status_of(result.errors);
}

bool Run::write_output(const std::string& json) {
  const std::string& file = *options_.output;
  const auto fail = [&](int error) {
    cli::report(fmt::format("--output '{}': cannot write: {}", file, std::strerror(error)));
    return false;
  };
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return fail(errno);
  std::string_view rest = json;
  while (!rest.empty()) {
    const ssize_t count = ::write(descriptor, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(descriptor);
      return fail(error);
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::close(descriptor) == 0 || fail(errno);
}

}  // namespace

ExitStatus run(Options& options) {
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
  std::string& identifier = scenario.connect.client_identifier;
  if (identifier.empty()) identifier = fmt::format("mqtk-{:06x}-{{i}}", random() & 0xFF'FFFF);

  EmbeddedBroker broker;
  if (options.embedded_broker) {
    const auto endpoint = broker.start();
    if (!endpoint) {
      cli::report(endpoint.error());
      return ExitStatus::local_failure;
    }
    scenario.endpoint = *endpoint;
  }
  return Run{options}.run();
}

}  // namespace mqtk::bench
