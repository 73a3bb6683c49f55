#include "load/threshold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace mqtk {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

std::optional<Latency> latency_of(std::string_view name, Latency main_latency) {
  if (name == "latency") return main_latency;
  if (name == "service") {
    switch (main_latency) {
      case Latency::publish: return Latency::publish_service;
      case Latency::end_to_end: return Latency::end_to_end_service;
      case Latency::round_trip: return Latency::round_trip_service;
      default: return main_latency;
    }
  }
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    if (latency_name(static_cast<Latency>(i)) == name) return static_cast<Latency>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 3> rates = {"sent", "acknowledged", "received"};
constexpr std::array<std::string_view, 14> counts = {
    "loss",     "duplicates", "out_of_order", "sent",           "received",    "connected", "acknowledged",
    "unrouted", "foreign",    "subscribed",   "unacknowledged", "reconnected", "expected",  "retained"};

double count_of(std::string_view name, const LoadCounts& counts_) {
  const std::array<std::uint64_t, 14> values = {counts_.lost,
                                                counts_.duplicated,
                                                counts_.out_of_order,
                                                counts_.traffic.sent,
                                                counts_.traffic.received,
                                                counts_.connected,
                                                counts_.traffic.acknowledged,
                                                counts_.unrouted,
                                                counts_.foreign,
                                                counts_.subscribed,
                                                counts_.unacknowledged,
                                                counts_.reconnected,
                                                counts_.expected,
                                                counts_.retained};
  return static_cast<double>(values[static_cast<std::size_t>(std::ranges::find(counts, name) - counts.begin())]);
}

bool is_one_of(std::string_view name, const auto& names) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

std::string short_duration(Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  const auto three_digits = [](double value, std::string_view unit) {
    return fmt::format("{:.{}f} {}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, unit);
  };
  if (nanoseconds < 999.5e3) return three_digits(nanoseconds / 1e3, "us");
  if (nanoseconds < 999.5e6) return three_digits(nanoseconds / 1e6, "ms");
  return three_digits(nanoseconds / 1e9, "s");
}

std::expected<Threshold, std::string> Threshold::parse(std::string_view text) {
  Threshold threshold;
  threshold.text_ = trimmed(text);
  const std::size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) return std::unexpected("no comparison; give one such as 'p99(latency)<20ms'");
  constexpr std::array<std::pair<std::string_view, Comparison>, 6> signs = {{{"<=", Comparison::at_most},
                                                                             {">=", Comparison::at_least},
                                                                             {"==", Comparison::equal},
                                                                             {"!=", Comparison::not_equal},
                                                                             {"<", Comparison::less},
                                                                             {">", Comparison::greater}}};
  const auto sign = std::ranges::find_if(signs, [&](const auto& s) { return text.substr(at).starts_with(s.first); });
  if (sign == signs.end()) return std::unexpected("no such comparison; use <, <=, ==, !=, >= or >");
  threshold.comparison_ = sign->second;
  if (auto read = threshold.parse_measure(trimmed(text.substr(0, at))); !read) return std::unexpected(read.error());
  if (auto read = threshold.parse_value(trimmed(text.substr(at + sign->first.size()))); !read) {
    return std::unexpected(read.error());
  }
  return threshold;
}

std::expected<void, std::string> Threshold::parse_measure(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    subject_ = text;
    measure_ = text == "errors" ? Measure::errors : Measure::count;
    if (measure_ == Measure::errors || is_one_of(text, counts)) return {};
    return std::unexpected(
        fmt::format("'{}' is not errors, {}, or a measure with parentheses", text, fmt::join(counts, ", ")));
  }
  if (!text.ends_with(')')) return std::unexpected("the parenthesis is not closed");
  const std::string_view name = text.substr(0, open);
  subject_ = text.substr(open + 1, text.size() - open - 2);
  if (name == "rate") {
    measure_ = Measure::rate;
    if (is_one_of(subject_, rates)) return {};
    return std::unexpected(fmt::format("rate of '{}': not one of {}", subject_, fmt::join(rates, ", ")));
  }
  const std::optional<double> percent = name.starts_with('p') ? number(name.substr(1)) : std::nullopt;
  if (percent && *percent <= 100) {
    measure_ = Measure::percentile;
    percent_ = *percent;
  } else if (name == "mean") {
    measure_ = Measure::mean;
  } else if (name == "max") {
    measure_ = Measure::maximum;
  } else if (name == "min") {
    measure_ = Measure::minimum;
  } else {
    return std::unexpected(fmt::format("'{}' is not one of p0 to p100, mean, max, min, rate", name));
  }
  if (latency_of(subject_, Latency::connect)) return {};
  return std::unexpected(
      fmt::format("'{}' is not latency, service, tcp, tls, connack, connect, suback, publish, "
                  "publish_service, end_to_end, end_to_end_service, round_trip, round_trip_service or lateness",
                  subject_));
}

std::expected<void, std::string> Threshold::parse_value(std::string_view text) {
  if (is_duration()) {
    const auto duration = parse_duration(text);
    if (!duration || *duration < Duration{0}) return std::unexpected("no duration to compare with, such as 20ms");
    if (*duration > Duration{0} && number(text))
      return std::unexpected(fmt::format("{0} of what? Give a unit, such as {0}ms", text));
    value_ = static_cast<double>(duration->count());
    return {};
  }
  const auto value = number(text);
  if (!value) return std::unexpected("no number to compare with");
  value_ = *value;
  return {};
}

std::optional<Latency> Threshold::latency(Latency main_latency) const {
  return is_duration() ? latency_of(subject_, main_latency) : std::nullopt;
}

bool Threshold::is_about_delivery() const {
  return measure_ == Measure::count && (subject_ == "loss" || subject_ == "duplicates" || subject_ == "out_of_order");
}

bool Threshold::needs_all_parts() const {
  return measure_ == Measure::count && (subject_ == "loss" || subject_ == "expected");
}

double Threshold::value_in(const LoadResult& result) const {
  switch (measure_) {
    case Measure::errors: return static_cast<double>(result.errors.count());
    case Measure::count: return count_of(subject_, result.counts);
    case Measure::rate:
      return subject_ == "sent"       ? result.sent_rate()
             : subject_ == "received" ? result.received_rate()
                                      : result.acknowledged_rate();
    default: break;
  }
  const Histogram& histogram = result.latency(*latency_of(subject_, result.main_latency));
  const Duration value = measure_ == Measure::percentile ? histogram.percentile(percent_)
                         : measure_ == Measure::mean     ? histogram.mean()
                         : measure_ == Measure::maximum  ? histogram.max()
                                                         : histogram.min();
  return static_cast<double>(value.count());
}

Threshold::Verdict Threshold::check(const LoadResult& result) const {
  const std::optional<Latency> kind = latency(result.main_latency);
  if (kind && result.latency(*kind).count() == 0) {
    return {.holds = false, .measured = "nothing was measured"};
  }
  const double value = value_in(result);
  Verdict verdict;
  switch (comparison_) {
    case Comparison::less: verdict.holds = value < value_; break;
    case Comparison::at_most: verdict.holds = value <= value_; break;
    case Comparison::equal: verdict.holds = value == value_; break;
    case Comparison::not_equal: verdict.holds = value != value_; break;
    case Comparison::at_least: verdict.holds = value >= value_; break;
    case Comparison::greater: verdict.holds = value > value_; break;
  }
  verdict.measured = is_duration()               ? short_duration(Duration{static_cast<std::int64_t>(value)})
                     : measure_ == Measure::rate ? fmt::format("{:.1f}", value)
                                                 : fmt::format("{:.0f}", value);
  return verdict;
}

}  // namespace mqtk
