#include "load/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace mqtk {
namespace {

using Unit = ComparedFigure::Unit;
using Finding = ComparedFigure::Finding;

enum class Better : std::uint8_t { more, less };

// Seconds that were not cut off.
bool is_full(const LoadInterval& interval) { return interval.length >= std::chrono::milliseconds{900}; }

using OfInterval = std::function<std::optional<double>(const LoadInterval&)>;

std::vector<double> of_series(const LoadReport& report, const OfInterval& value) {
  std::vector<double> values;
  for (const LoadInterval& interval : report.result.series) {
    const auto one = is_full(interval) ? value(interval) : std::nullopt;
    if (one) values.push_back(*one);
  }
  return values;
}

std::vector<double> of_repeats(const LoadReport& report, const std::function<double(const RepeatFigures&)>& value) {
  std::vector<double> values;
  for (const RepeatFigures& repeat : report.repeats) values.push_back(value(repeat));
  return values;
}

void judge(ComparedFigure& figure, const std::vector<double>& before, const std::vector<double>& after, Better better) {
  const SampleSummary a = summarize(before);
  const SampleSummary b = summarize(after);
  figure.before = a.mean;
  figure.after = b.mean;
  figure.difference = difference(a, b);
  if (!figure.difference) return;
  if (figure.difference->low <= 0 && figure.difference->high >= 0) {
    figure.finding = Finding::none_shown;
  } else {
    figure.finding = (figure.difference->low > 0) == (better == Better::more) ? Finding::better : Finding::worse;
  }
}

// Events that are independent of each other vary by the root of their number.
ComparedFigure compared_count(std::string name, std::uint64_t before, std::uint64_t after) {
  ComparedFigure figure{.name = std::move(name),
                        .unit = Unit::count,
                        .before = static_cast<double>(before),
                        .after = static_cast<double>(after)};
  const double off = figure.after - figure.before;
  const bool shown = std::abs(off) > 2 * std::sqrt(figure.before + figure.after);
  figure.finding = !shown ? Finding::none_shown : off > 0 ? Finding::worse : Finding::better;
  return figure;
}

class Comparer {
 public:
  Comparer(const LoadReport& before, const LoadReport& after)
      : before_(before), after_(after), by_repeats_(before.repeats.size() > 1 && after.repeats.size() > 1) {}

  Comparison run() {
    rate("sent", &LoadTraffic::sent, &RepeatFigures::sent_rate);
    rate("acknowledged", &LoadTraffic::acknowledged, &RepeatFigures::acknowledged_rate);
    rate("received", &LoadTraffic::received, &RepeatFigures::received_rate);
    if (before_.result.main_latency == after_.result.main_latency) {
      latency("mean latency", [](const Histogram& histogram) { return histogram.mean(); }, &RepeatFigures::mean);
      latency("median latency", percentile(50), &RepeatFigures::p50);
      latency("p99 latency", percentile(99), &RepeatFigures::p99);
      latency("p99.9 latency", percentile(99.9), &RepeatFigures::p999);
    }
    processors("broker's processors", &LoadInterval::broker);
    comparison_.figures.push_back(compared_count("lost", before_.result.counts.lost, after_.result.counts.lost));
    comparison_.figures.push_back(
        compared_count("duplicated", before_.result.counts.duplicated, after_.result.counts.duplicated));
    comparison_.figures.push_back(
        compared_count("errors", before_.result.errors.count(), after_.result.errors.count()));
    const auto count = [&](const LoadReport& report) {
      return by_repeats_ ? std::ssize(report.repeats) : std::ranges::count_if(report.result.series, is_full);
    };
    comparison_.basis = fmt::format("{} {} and {}", by_repeats_ ? "repeats" : "seconds", count(before_), count(after_));
    return std::move(comparison_);
  }

 private:
  static std::function<Duration(const Histogram&)> percentile(double percent) {
    return [percent](const Histogram& histogram) { return histogram.percentile(percent); };
  }

  void rate(const std::string& name, std::uint64_t LoadTraffic::* member, double RepeatFigures::* of_repeat) {
    if (before_.result.measured.*member == 0 && after_.result.measured.*member == 0) return;
    add(
        {.name = name + " per second", .unit = Unit::per_second}, Better::more,
        [&](const LoadInterval& interval) {
          return std::optional{static_cast<double>(interval.traffic.*member) / to_seconds(interval.length)};
        },
        [&](const RepeatFigures& repeat) { return repeat.*of_repeat; });
  }

  void latency(std::string name, const std::function<Duration(const Histogram&)>& value,
               Duration RepeatFigures::* of_repeat) {
    const Latency kind = before_.result.main_latency;
    const Histogram& before = before_.result.latency(kind);
    const Histogram& after = after_.result.latency(kind);
    if (before.count() == 0 || after.count() == 0) return;
    const OfInterval of_interval = [&](const LoadInterval& interval) -> std::optional<double> {
      const Histogram histogram = interval.latency(kind);
      if (histogram.count() == 0) return std::nullopt;
      return static_cast<double>(value(histogram).count());
    };
    ComparedFigure figure{.name = std::move(name), .unit = Unit::duration};
    if (!by_repeats_ && of_series(before_, of_interval).empty() && of_series(after_, of_interval).empty()) {
      // Such as that of connecting, which is over when the first second begins.
      figure.before = static_cast<double>(value(before).count());
      figure.after = static_cast<double>(value(after).count());
      comparison_.figures.push_back(std::move(figure));
      return;
    }
    add(std::move(figure), Better::less, of_interval,
        [&](const RepeatFigures& repeat) { return static_cast<double>((repeat.*of_repeat).count()); });
  }

  // Only the series tells.
  void processors(std::string name, ProcessUse LoadInterval::* member) {
    const OfInterval share = [member](const LoadInterval& interval) -> std::optional<double> {
      const ProcessUse& use = interval.*member;
      if (use.memory_bytes == 0) return std::nullopt;
      return to_seconds(use.processor_time) / to_seconds(interval.length);
    };
    const std::vector<double> before = of_series(before_, share);
    const std::vector<double> after = of_series(after_, share);
    if (before.empty() || after.empty()) return;
    ComparedFigure figure{.name = std::move(name), .unit = Unit::processors};
    judge(figure, before, after, Better::less);
    comparison_.figures.push_back(std::move(figure));
  }

  void add(ComparedFigure figure, Better better, const OfInterval& of_interval,
           const std::function<double(const RepeatFigures&)>& of_repeat) {
    if (by_repeats_) {
      judge(figure, of_repeats(before_, of_repeat), of_repeats(after_, of_repeat), better);
    } else {
      judge(figure, of_series(before_, of_interval), of_series(after_, of_interval), better);
    }
    comparison_.figures.push_back(std::move(figure));
  }

  const LoadReport& before_;
  const LoadReport& after_;
  bool by_repeats_;
  Comparison comparison_;
};

}  // namespace

double ComparedFigure::change() const {
  if (before != 0) return (after - before) / before;
  return after == 0 ? 0 : std::numeric_limits<double>::infinity();
}

Comparison compare(const LoadReport& before, const LoadReport& after) { return Comparer{before, after}.run(); }

}  // namespace mqtk
