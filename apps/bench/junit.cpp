// The verdicts as JUnit XML, as the servers for continuous integration read it: one test for the run, one for each
// condition.
#include <algorithm>

#include "base/append_format.hpp"
#include "bench/markup.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

std::string error_list(const LoadErrors& errors) {
  std::string list;
  for (const LoadError& error : errors.all()) {
    append_format(list, "{} x {}: {}\n", error.count, load_error_name(error.kind), error.text);
  }
  return list;
}

}  // namespace

std::string to_junit(const Report& report) {
  const double seconds = to_seconds(report.ended_at - report.started_at);
  const auto failed = std::ranges::count_if(report.thresholds, [](const auto& each) { return !each.verdict.holds; });
  const bool run_failed = report.run_failed;
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  append_format(xml, "<testsuites>\n<testsuite name=\"mqtk-bench\" tests=\"{}\" failures=\"{}\" errors=\"0\" ",
                report.thresholds.size() + 1, failed + (run_failed ? 1 : 0));
  append_format(xml, "skipped=\"0\" time=\"{:.3f}\" timestamp=\"{}\">\n", seconds, rfc3339(report.started_at));
  const auto test = [&](std::string_view name, double time) {
    append_format(xml, "<testcase classname=\"mqtk-bench.{}\" name=\"{}\" time=\"{:.3f}\">", escaped(report.kind()),
                  escaped(name), time);
  };
  test(report.title, seconds);
  if (run_failed) {
    append_format(xml, "<failure message=\"{} errors\">{}</failure>", report.result.errors.count(),
                  escaped(error_list(report.result.errors)));
  }
  xml += "</testcase>\n";
  for (const CheckedThreshold& threshold : report.thresholds) {
    test(threshold.text, 0);
    if (!threshold.verdict.holds) {
      append_format(xml, "<failure message=\"{} does not hold: {}\"/>", escaped(threshold.text),
                    escaped(threshold.verdict.measured));
    }
    xml += "</testcase>\n";
  }
  append_format(xml, "<system-out>{}</system-out>\n</testsuite>\n</testsuites>\n", escaped(summary(report)));
  return xml;
}

}  // namespace mqtk::bench
