// The report as one HTML page: no script, no network, nothing to load.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/append_format.hpp"
#include "bench/chart.hpp"
#include "bench/markup.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2024;--soft:#5b6470;--rule:#d9dee4;--tile:#f4f6f8;
--c1:#1f63c6;--c2:#b8500a;--c3:#1b7f4a;--c4:#7a3fb0;--good:#1b7f4a;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e7eaee;--soft:#a2abb6;--rule:#343b43;--tile:#1d2227;
--c1:#78aeff;--c2:#ffa25c;--c3:#62d394;--c4:#c99bff;--good:#62d394;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:60rem;background:var(--paper);color:var(--ink);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.4rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .6rem}
p{margin:.3rem 0}.soft{color:var(--soft)}
.verdict{border-left:4px solid var(--good);padding:.4rem .8rem;margin:1rem 0;background:var(--tile)}
.verdict.bad{border-color:var(--bad)}.good{color:var(--good)}.fails{color:var(--bad);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1rem 0}
.tiles div{background:var(--tile);border-radius:6px;padding:.6rem .8rem}
.tiles b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}.tiles span{color:var(--soft)}
figure{margin:1rem 0;break-inside:avoid}svg{width:100%;height:auto;display:block}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .title{font-weight:600;font-size:14px}
svg .axis{fill:var(--soft)}svg .grid{stroke:var(--rule);fill:none}
.line1,.line2,.line3,.line4{fill:none;stroke-width:2;stroke-linejoin:round}
.line1{stroke:var(--c1)}.line2{stroke:var(--c2);stroke-dasharray:7 3}.line3{stroke:var(--c3);stroke-dasharray:2 3}
.line4{stroke:var(--c4);stroke-dasharray:9 3 2 3}
.dot1{fill:var(--c1)}.dot2{fill:var(--c2)}.dot3{fill:var(--c3)}.dot4{fill:var(--c4)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--rule)}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft)}
.facts td:last-child{text-align:left;overflow-wrap:anywhere}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--tile:#f2f2f2;--c1:#1f63c6;
--c2:#b8500a;--c3:#1b7f4a;--c4:#7a3fb0;--good:#1b7f4a;--bad:#b3261e}body{max-width:none;padding:0;font-size:11px}
h2{break-after:avoid}tr{break-inside:avoid}.wide{overflow:visible}@page{margin:15mm}}
)";

constexpr std::array<std::pair<Latency, std::string_view>, 12> kinds = {
    {{Latency::end_to_end, "end to end"},
     {Latency::end_to_end_service, "… from the send"},
     {Latency::round_trip, "answered"},
     {Latency::round_trip_service, "… from the send"},
     {Latency::publish, "acknowledged"},
     {Latency::publish_service, "… from the send"},
     {Latency::connect, "connected"},
     {Latency::tcp, "… TCP"},
     {Latency::tls, "… TLS"},
     {Latency::connack, "… CONNACK"},
     {Latency::suback, "subscribed"},
     {Latency::lateness, "sent too late by"}}};

// 1234 -> "1.23 k": three digits.
std::string short_number(double value) {
  constexpr std::array<std::string_view, 4> units = {"", " k", " M", " G"};
  std::size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, units[unit]);
}

std::string latency_text(double value_ms) {
  return short_duration(Duration{static_cast<std::int64_t>(std::llround(value_ms * 1e6))});
}
std::string percent_text(double value) { return fmt::format("{:g} %", value); }

double in_ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

Latency service_of(Latency kind) {
  switch (kind) {
    case Latency::end_to_end: return Latency::end_to_end_service;
    case Latency::publish: return Latency::publish_service;
    case Latency::round_trip: return Latency::round_trip_service;
    default: return kind;
  }
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report), result_(report.result) {}

  std::string write() {
    html_ =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
    append_format(html_, "<title>bench {}</title>\n<style>{}</style>\n</head>\n<body>\n", escaped(report_.title),
                  style);
    write_head();
    write_verdict();
    write_remarks();
    write_tiles();
    write_charts();
    write_latencies();
    write_errors();
    write_facts("Scenario", json_facts(report_.scenario));
    write_facts("Load generator", json_facts(report_.machine));
    for (const std::string& part : report_.parts) write_facts("Part", json_facts(part));
    write_broker_figures();
    append_format(html_, "<p class=\"soft\">mqtk-bench {}</p>\n</body>\n</html>\n", escaped(report_.tool_version));
    return std::move(html_);
  }

 private:
  void write_head() {
    if (const std::string notice = generator_notice(report_); !notice.empty()) {
      append_format(html_, "<p class=\"verdict bad\">{}</p>\n", escaped(notice));
    }
    append_format(html_, "<h1>bench {}</h1>\n<p class=\"soft\">broker {} · {} to {}{}</p>\n", escaped(report_.title),
                  escaped(report_.broker), rfc3339(report_.started_at).substr(0, 19),
                  rfc3339(report_.ended_at).substr(11, 8), result_.ended_early ? " UTC · ended early" : " UTC");
  }

  void write_verdict() {
    if (report_.thresholds.empty() && !report_.run_failed) return;
    const bool bad = report_.run_failed || std::ranges::any_of(report_.thresholds, [](const CheckedThreshold& each) {
                       return !each.verdict.holds;
                     });
    append_format(html_, "<div class=\"verdict{}\">\n", bad ? " bad" : "");
    if (report_.run_failed) html_ += "<p class=\"fails\">The run had errors.</p>\n";
    for (const CheckedThreshold& each : report_.thresholds) {
      append_format(html_, "<p><span class=\"{}\">{}</span> {} ({})</p>\n", each.verdict.holds ? "good" : "fails",
                    each.verdict.holds ? "holds" : "FAILS", escaped(each.text), escaped(each.verdict.measured));
    }
    html_ += "</div>\n";
  }

  void write_remarks() {
    for (const std::string& remark : remarks(report_)) append_format(html_, "<p>{}</p>\n", escaped(remark));
  }

  void tile(const std::string& value, std::string_view name) {
    append_format(html_, "<div><b>{}</b><span>{}</span></div>\n", escaped(value), escaped(name));
  }

  void write_tiles() {
    const LoadCounts& counts = result_.counts;
    html_ += "<div class=\"tiles\">\n";
    tile(fmt::format("{} of {}", counts.connected, counts.clients), "connected");
    if (counts.traffic.sent > 0) tile(short_number(result_.sent_rate()) + "/s", "sent");
    if (counts.traffic.acknowledged > 0) tile(short_number(result_.acknowledged_rate()) + "/s", "acknowledged");
    if (counts.subscriptions > 0) {
      tile(short_number(result_.received_rate()) + "/s", "received");
      tile(std::to_string(counts.lost), "lost");
      tile(std::to_string(counts.duplicated), "duplicated");
      tile(std::to_string(counts.out_of_order), "out of order");
    }
    const Histogram& latency = result_.latency(result_.main_latency);
    if (latency.count() > 0) {
      tile(short_duration(latency.percentile(50)), "median latency");
      tile(short_duration(latency.percentile(99)), "99th percentile");
    }
    tile(std::to_string(result_.errors.count()), "errors");
    html_ += "</div>\n";
  }

  void figure(const Chart& chart) {
    const std::string svg = to_svg(chart);
    if (!svg.empty()) html_ += "<figure>\n" + svg + "</figure>\n";
  }

  // One point for each second, in its middle.
  template <class Value>
  ChartLine over_time(std::string name, Value value) {
    ChartLine line{.name = std::move(name), .points = {}};
    for (const LoadInterval& interval : result_.series) {
      const double length = to_seconds(interval.length);
      // A last moment of some milliseconds has no rate worth showing.
      if (length < 0.1 && result_.series.size() > 1) continue;
      if (const auto y = value(interval, length)) line.points.emplace_back(to_seconds(interval.begin) + length / 2, *y);
    }
    return line;
  }

  ChartLine rate(std::string name, std::uint64_t LoadTraffic::* member) {
    if (result_.counts.traffic.*member == 0) return {.name = std::move(name), .points = {}};
    return over_time(std::move(name), [member](const LoadInterval& interval, double length) {
      return std::optional{static_cast<double>(interval.traffic.*member) / length};
    });
  }

  ChartLine percentile_over_time(std::string name, double percent) {
    return over_time(std::move(name), [&](const LoadInterval& interval, double) -> std::optional<double> {
      const Histogram latency = interval.latency(result_.main_latency);
      if (latency.count() == 0) return std::nullopt;
      return in_ms(percent >= 100 ? latency.max() : latency.percentile(percent));
    });
  }

  void write_charts() {
    html_ += "<h2>Over time</h2>\n";
    figure({.title = "Messages per second",
            .x_label = "seconds since the start",
            .y_text = short_number,
            .lines = {rate("sent", &LoadTraffic::sent), rate("acknowledged", &LoadTraffic::acknowledged),
                      rate("received", &LoadTraffic::received)}});
    figure({.title = "Latency",
            .x_label = "seconds since the start",
            .y_text = latency_text,
            .y_scale = Chart::Scale::logarithmic,
            .lines = {percentile_over_time("median", 50), percentile_over_time("p99", 99),
                      percentile_over_time("max", 100)}});
    if (result_.errors.count() > 0) {
      figure({.title = "Errors per second",
              .x_label = "seconds since the start",
              .y_text = short_number,
              .lines = {over_time("errors", [](const LoadInterval& interval, double length) {
                return std::optional{static_cast<double>(interval.errors) / length};
              })}});
    }
    figure({.title = "Processor time, per cent of one processor",
            .x_label = "seconds since the start",
            .y_text = percent_text,
            .lines = {processor_share("load generator", &LoadInterval::generator),
                      processor_share("broker", &LoadInterval::broker)}});
    write_percentile_curve();
  }

  ChartLine processor_share(std::string name, ProcessUse LoadInterval::* member) {
    return over_time(std::move(name), [member](const LoadInterval& interval, double length) -> std::optional<double> {
      const ProcessUse& use = interval.*member;
      if (use.memory_bytes == 0) return std::nullopt;
      return 100 * to_seconds(use.processor_time) / length;
    });
  }

  // Each step to the right is ten times rarer.
  ChartLine curve(std::string name, const Histogram& latency) {
    ChartLine line{.name = std::move(name), .points = {}};
    if (latency.count() == 0) return line;
    const double rarest = std::min(5.0, std::log10(static_cast<double>(latency.count())) + 0.3);
    for (double x = 0; x <= rarest; x += 0.05) {
      line.points.emplace_back(x, in_ms(latency.percentile(100 * (1 - std::pow(10.0, -x)))));
    }
    return line;
  }

  void write_percentile_curve() {
    const Latency kind = result_.main_latency;
    Chart chart{.title = "Latency by percentile",
                .x_label = "share of messages that were at most as late",
                .y_text = latency_text,
                .x_ticks = {{0, "0 %"}, {1, "90 %"}, {2, "99 %"}, {3, "99.9 %"}},
                .y_scale = Chart::Scale::logarithmic,
                .lines = {}};
    const Histogram& latency = result_.latency(kind);
    if (latency.count() >= 10'000) chart.x_ticks.emplace_back(4, "99.99 %");
    if (latency.count() >= 100'000) chart.x_ticks.emplace_back(5, "99.999 %");
    chart.lines.push_back(curve(kind == service_of(kind) ? "latency" : "from the intended time", latency));
    if (kind != service_of(kind)) chart.lines.push_back(curve("from the send", result_.latency(service_of(kind))));
    if (latency.count() > 0) html_ += "<h2>Latency</h2>\n";
    figure(chart);
  }

  void write_latencies() {
    constexpr std::array percents = {50.0, 90.0, 99.0, 99.9, 99.99, 99.999};
    html_ += "<div class=\"wide\"><table>\n<tr><th>latency</th><th>count</th>";
    for (const double percent : percents) append_format(html_, "<th>p{}</th>", percent);
    html_ += "<th>max</th><th>mean</th></tr>\n";
    for (const auto& [kind, name] : kinds) {
      const Histogram& latency = result_.latency(kind);
      if (latency.count() == 0) continue;
      append_format(html_, "<tr><td>{}</td><td>{}</td>", name, latency.count());
      for (const double percent : percents) {
        append_format(html_, "<td>{}</td>", short_duration(latency.percentile_to_max(percent)));
      }
      append_format(html_, "<td>{}</td><td>{}</td></tr>\n", short_duration(latency.max()),
                    short_duration(latency.mean()));
    }
    html_ += "</table></div>\n";
  }

  void write_errors() {
    if (result_.errors.all().empty()) return;
    html_ += "<h2>Errors</h2>\n<table>\n<tr><th>what</th><th>kind</th><th>Reason Code</th><th>count</th></tr>\n";
    for (const LoadError& error : result_.errors.all()) {
      const auto code = static_cast<unsigned>(error.reason);
      append_format(html_, "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(error.text),
                    load_error_name(error.kind), code == 0 ? std::string{} : fmt::format("0x{:02X}", code),
                    error.count);
    }
    html_ += "</table>\n";
  }

  void write_facts(std::string_view heading, const std::vector<std::pair<std::string, std::string>>& facts) {
    if (facts.empty()) return;
    append_format(html_, "<h2>{}</h2>\n<table class=\"facts\">\n", heading);
    for (const auto& [name, value] : facts) {
      append_format(html_, "<tr><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(value));
    }
    html_ += "</table>\n";
  }

  void write_broker_figures() {
    if (report_.broker_figures.empty()) return;
    html_ += "<h2>What the broker says</h2>\n<table>\n<tr><th>topic</th><th>first</th><th>last</th></tr>\n";
    for (const LoadReport::BrokerFigure& figure : report_.broker_figures) {
      append_format(html_, "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(figure.topic), escaped(figure.first),
                    escaped(figure.last));
    }
    html_ += "</table>\n";
  }

  const Report& report_;
  const LoadResult& result_;
  std::string html_;
};

}  // namespace

std::string to_html(const Report& report) { return Page{report}.write(); }

}  // namespace mqtk::bench
