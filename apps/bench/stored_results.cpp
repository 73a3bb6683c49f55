#include "bench/stored_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "base/append_format.hpp"
#include "bench/conclusion.hpp"
#include "bench/report.hpp"
#include "cli/output.hpp"
#include "load/comparison.hpp"

namespace mqtk::bench {
namespace {

using cli::ExitStatus;
using Finding = ComparedFigure::Finding;
using Unit = ComparedFigure::Unit;

std::optional<Report> read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    cli::report(fmt::format("'{}': cannot read: {}", name, std::strerror(errno)));
    return std::nullopt;
  }
  auto report = read_load_report(text.view());
  if (report) return std::move(*report);
  cli::report(fmt::format("'{}': {}", name, report.error()));
  return std::nullopt;
}

std::string value_text(Unit unit, double value) {
  switch (unit) {
    case Unit::duration: return short_duration(Duration{std::llround(value)});
    case Unit::per_second: return fmt::format("{:.1f}", value);
    case Unit::processors: return fmt::format("{:.3f}", value);
    case Unit::count: break;
  }
  return fmt::format("{:.0f}", value);
}

std::string percent_text(double part) {
  return std::isfinite(part) ? fmt::format("{:+.1f} %", 100 * part) : std::string{"from 0"};
}

std::string finding_text(const ComparedFigure& figure) {
  switch (figure.finding) {
    case Finding::too_few: return "too few to tell";
    case Finding::none_shown: return "no difference shown";
    case Finding::better: return "better";
    case Finding::worse: return "worse";
  }
  return {};
}

// "+3.2 % (+1.0 to +5.4)"
std::string change_text(const ComparedFigure& figure) {
  std::string text = percent_text(figure.change());
  if (figure.difference && figure.before != 0) {
    append_format(text, " ({:+.1f} to {:+.1f})", 100 * figure.difference->low / figure.before,
                  100 * figure.difference->high / figure.before);
  }
  return text;
}

std::string comparison_text(const Report& before, const Report& after, const Comparison& comparison) {
  std::string text = fmt::format("before: bench {}\nafter:  bench {}\n", before.title, after.title);
  append_format(text, "from {}; in parentheses 95 % confidence\n\n", comparison.basis);
  append_format(text, "{:<23}{:>11}{:>11}  change\n", "", "before", "after");
  bool any = false;
  for (const ComparedFigure& figure : comparison.figures) {
    append_format(text, "{:<23}{:>11}{:>11}  {}: {}\n", figure.name, value_text(figure.unit, figure.before),
                  value_text(figure.unit, figure.after), finding_text(figure), change_text(figure));
    any = any || figure.finding == Finding::better || figure.finding == Finding::worse;
  }
  if (!any) text += "\nno difference shown\n";
  return text;
}

// Whose part is in two of the files: of "shard1.json" and "all.json", where all.json is what an earlier merge wrote.
std::optional<std::string> added_twice(const std::vector<Report>& reports, const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> known;  // facts of a part, and its file
  for (std::size_t i = 0; i < reports.size(); ++i) {
    for (std::string& part : parts_of(reports[i])) {
      const auto found = std::ranges::find_if(known, [&](const auto& each) { return is_same_part(each.first, part); });
      if (found != known.end()) {
        return fmt::format("'{}': holds what '{}' holds already; name each result once", names[i], found->second);
      }
      known.emplace_back(std::move(part), names[i]);
    }
  }
  return std::nullopt;
}

}  // namespace

ExitStatus compare_files(const Options& options) {
  const auto before = read_file(options.typed.words[0]);
  const auto after = before ? read_file(options.typed.words[1]) : std::nullopt;
  if (!after) return ExitStatus::usage;
  const Comparison comparison = compare(*before, *after);
  std::string text = comparison_text(*before, *after, comparison);
  bool past_tolerance = false;
  if (options.tolerance) {
    for (const ComparedFigure& figure : comparison.figures) {
      if (figure.finding != Finding::worse || std::abs(figure.change()) <= *options.tolerance) continue;
      past_tolerance = true;
      append_format(text, "FAILS: {} is worse by more than {:g} % ({})\n", figure.name, 100 * *options.tolerance,
                    percent_text(figure.change()));
    }
    if (!past_tolerance) {
      append_format(text, "holds: nothing is shown to be worse by more than {:g} %\n", 100 * *options.tolerance);
    }
  }
  cli::Output output;
  output.write(text);
  output.flush();
  if (output.status() != ExitStatus::done) return output.status();
  return past_tolerance ? ExitStatus::assertion_failed : ExitStatus::done;
}

ExitStatus merge_files(const Options& options) {
  std::vector<Report> parts;
  for (const std::string& name : options.typed.words) {
    auto part = read_file(name);
    if (!part) return ExitStatus::usage;
    if (!parts.empty() && part->result.main_latency != parts.front().result.main_latency) {
      cli::report(fmt::format("'{}': another kind of load than '{}'; merge parts of one scenario", name,
                              options.typed.words.front()));
      return ExitStatus::usage;
    }
    parts.push_back(std::move(*part));
  }
  if (const auto twice = added_twice(parts, options.typed.words)) {
    cli::report(*twice);
    return ExitStatus::usage;
  }
  Report all = merge(std::move(parts));
  Options judged = options;
  for (const std::string& condition : std::exchange(all.deferred, {})) {
    const auto is_it = [&](const Threshold& threshold) { return threshold.text() == condition; };
    auto threshold = Threshold::parse(condition);
    if (threshold && std::ranges::none_of(judged.thresholds, is_it)) judged.thresholds.push_back(std::move(*threshold));
  }
  return conclude(all, judged);
}

}  // namespace mqtk::bench
