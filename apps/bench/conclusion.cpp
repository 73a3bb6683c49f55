#include "bench/conclusion.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/output.hpp"
#include "load/histogram_log.hpp"

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
    case LoadErrorKind::not_acknowledged:
    case LoadErrorKind::stopped_reading: return ExitStatus::timed_out;
    case LoadErrorKind::not_sent:
    case LoadErrorKind::connection_lost: return ExitStatus::connection_lost;
    case LoadErrorKind::protocol_broken: return ExitStatus::malformed_input;
  }
  return ExitStatus::local_failure;
}

ExitStatus status_of(const LoadErrors& errors) {
  const auto most = std::ranges::max_element(errors.all(), {}, &LoadError::count);
  if (most == errors.all().end()) return ExitStatus::done;
  // A lost connection takes the acknowledgements with it.
  const bool were_lost =
      most->kind == LoadErrorKind::not_acknowledged && errors.count(LoadErrorKind::connection_lost) > 0;
  return status_of(were_lost ? LoadErrorKind::connection_lost : most->kind);
}

ExitStatus judge(Report& report, const std::vector<Threshold>& thresholds) {
  const LoadResult& result = report.result;
  const std::string missing = missing_parts(report);
  bool all_hold = true;
  bool errors_judged = false;
  for (const Threshold& threshold : thresholds) {
    if (report.shards > 1 && threshold.needs_all_parts()) {
      report.deferred.push_back(threshold.text());
      continue;
    }
    const bool is_known = missing.empty() || !threshold.needs_all_parts();
    report.thresholds.push_back(
        {threshold.text(),
         is_known ? threshold.check(result) : Threshold::Verdict{.holds = false, .measured = missing + " missing"}});
    all_hold = all_hold && report.thresholds.back().verdict.holds;
    errors_judged = errors_judged || threshold.is_about_errors();
  }
  if (result.counts.connected == 0 && result.errors.count() > 0) return status_of(result.errors);
  if (!all_hold) return ExitStatus::assertion_failed;
  return errors_judged ? ExitStatus::done : status_of(result.errors);
}

bool write_file(std::string_view option, const std::string& file, std::string_view text) {
  const auto fail = [&](int error) {
    cli::report(fmt::format("--{} '{}': cannot write: {}", option, file, std::strerror(error)));
    return false;
  };
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return fail(errno);
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(descriptor);
      return fail(error);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::close(descriptor) == 0 || fail(errno);
}

}  // namespace

ExitStatus conclude(Report& report, const Options& options, const Surroundings& around) {
  const ExitStatus verdict = judge(report, options.thresholds);
  report.run_failed = verdict != ExitStatus::done && verdict != ExitStatus::assertion_failed;
  cli::Output output;
  output.write(around.before);
  output.write(summary(report));
  output.write(around.after);
  output.flush();
  // A reader that has gone does not keep the files from being written.
  bool all_written = output.status() == ExitStatus::done;
  const auto write = [&](std::string_view option, const std::optional<std::string>& file, auto text) {
    if (file) all_written = write_file(option, *file, text()) && all_written;
  };
  write("output", options.output, [&] { return to_json(report); });
  write("series", options.series, [&] { return to_csv(report); });
  write("hlog", options.histogram_log, [&] {
    return histogram_log(report.result, report.started_at, fmt::format("mqtk-bench {}", report.tool_version));
  });
  write("junit", options.junit, [&] { return to_junit(report); });
  write("html", options.html, [&] { return to_html(report); });
  return all_written ? verdict : ExitStatus::local_failure;
}

}  // namespace mqtk::bench
