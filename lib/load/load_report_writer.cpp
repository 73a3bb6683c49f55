// The result as contracts promise it. Durations are nanoseconds, as the names say.
#include <array>
#include <span>
#include <string_view>

#include "load/json_object.hpp"
#include "load/load_report.hpp"
#include "load/load_report_names.hpp"

namespace mqtk {
namespace {

constexpr std::array interval_percents = {50.0, 90.0, 99.0, 99.9};

void write_traffic(JsonObject& object, const LoadTraffic& traffic) {
  for (const auto& [name, member] : report_names::traffic) object.number(name, traffic.*member);
}

void write_counts(std::string& out, const LoadCounts& counts) {
  JsonObject object{out};
  write_traffic(object, counts.traffic);
  for (const auto& [name, member] : report_names::counts) object.number(name, counts.*member);
}

void write_latency(std::string& out, const Histogram& histogram, std::span<const double> percents) {
  JsonObject latency{out};
  latency.number("count", histogram.count());
  latency.number("min_ns", histogram.min());
  latency.number("mean_ns", histogram.mean());
  latency.number("max_ns", histogram.max());
  latency.number("standard_deviation_ns", histogram.standard_deviation());
  {
    JsonObject percentiles{latency.key("percentiles_ns")};
    for (const double percent : percents) percentiles.number(fmt::format("{}", percent), histogram.percentile(percent));
  }
  latency.text("histogram", histogram.encode());
}

void write_latencies(std::string& out, const LoadResult& result) {
  constexpr std::array percents = {50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999};
  JsonObject object{out};
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    const auto kind = static_cast<Latency>(i);
    const Histogram& histogram = result.latency(kind);
    if (histogram.count() > 0) write_latency(object.key(latency_name(kind)), histogram, percents);
  }
}

void write_error(std::string& out, const LoadError& error) {
  JsonObject object{out};
  object.text("kind", load_error_name(error.kind));
  if (error.reason != ReasonCode::success) object.number("reason_code", static_cast<std::uint64_t>(error.reason));
  object.text("text", error.text);
  object.number("count", error.count);
}

void write_process(std::string& out, const ProcessUse& use) {
  JsonObject object{out};
  object.number("processor_time_ns", use.processor_time);
  object.number("memory_bytes", use.memory_bytes);
}

void write_interval(std::string& out, const LoadInterval& interval) {
  JsonObject object{out};
  object.number("begin_ns", interval.begin);
  object.number("length_ns", interval.length);
  write_traffic(object, interval.traffic);
  object.number("sent_bytes", interval.sent_bytes);
  object.number("received_bytes", interval.received_bytes);
  object.number("errors", interval.errors);
  {
    JsonObject latencies{object.key("latencies")};
    for (const LoadInterval::Recorded& recorded : interval.latencies) {
      write_latency(latencies.key(latency_name(recorded.kind)), Histogram{recorded.histogram}, interval_percents);
    }
  }
  write_process(object.key("generator"), interval.generator);
  if (interval.broker.memory_bytes > 0) write_process(object.key("broker"), interval.broker);
}

void write_threshold(std::string& out, const CheckedThreshold& threshold) {
  JsonObject object{out};
  object.text("condition", threshold.text);
  object.flag("holds", threshold.verdict.holds);
  object.text("measured", threshold.verdict.measured);
}

void write_figures(JsonObject& object, const RepeatFigures& repeat) {
  object.real("sent_rate", repeat.sent_rate);
  object.real("acknowledged_rate", repeat.acknowledged_rate);
  object.real("received_rate", repeat.received_rate);
  object.number("lost", repeat.lost);
  object.number("errors", repeat.errors);
  object.number("mean_ns", repeat.mean);
  object.number("p50_ns", repeat.p50);
  object.number("p99_ns", repeat.p99);
  object.number("p99.9_ns", repeat.p999);
}

void write_trial(std::string& out, const SearchTrial& trial) {
  JsonObject object{out};
  object.real("rate", trial.rate);
  object.text("stage", trial.stage);
  object.flag("holds", trial.holds);
  object.text("shortcoming", trial.shortcoming);
  write_figures(object, trial.figures);
}

void write_rates(std::string& out, const LoadResult& result) {
  JsonObject rates{out};
  rates.real("sent", result.sent_rate());
  rates.real("acknowledged", result.acknowledged_rate());
  rates.real("received", result.received_rate());
}

void write_generator(std::string& out, const LoadReport& report) {
  JsonObject generator{out};
  generator.number("threads", std::uint64_t{report.threads});
  generator.number("processor_time_ns", report.generator.processor_time);
  generator.number("peak_memory_bytes", report.generator.memory_bytes);
  generator.text("notice", generator_notice(report));
}

void write_clock(std::string& out, const LoadReport::Clock& clock) {
  JsonObject object{out};
  object.flag("same_as_part_1", clock.is_same);
  object.number("behind_part_1_ns", clock.first_part.wall);
  object.number("steady_behind_part_1_ns", clock.first_part.steady);
  object.number("uncertainty_ns", clock.first_part.uncertainty);
}

bool has_one_way(const OneWay& one_way) { return one_way.corrected > 0 || one_way.not_timed > 0; }

void write_one_way(std::string& out, const OneWay& one_way) {
  JsonObject object{out};
  object.number("corrected", one_way.corrected);
  object.number("not_timed", one_way.not_timed);
  object.number("uncertainty_ns", one_way.uncertainty);
  object.flag("left_out", one_way.is_left_out);
}

void write_figure(std::string& out, const LoadReport::BrokerFigure& figure) {
  JsonObject object{out};
  object.text("topic", figure.topic);
  object.text("first", figure.first);
  object.text("last", figure.last);
}

}  // namespace

std::string to_json(const LoadReport& report) {
  const LoadResult& result = report.result;
  std::string out;
  {
    JsonObject object{out};
    object.number("schema_version", report_names::schema_version);
    object.text("tool", "mqtk-bench");
    object.text("tool_version", report.tool_version);
    object.text("title", report.title);
    object.text("broker", report.broker);
    object.key("scenario") += report.scenario;
    object.key("machine") += report.machine;
    object.text("started_at", rfc3339(report.started_at));
    object.text("ended_at", rfc3339(report.ended_at));
    object.flag("ended_early", result.ended_early);
    object.flag("run_failed", report.run_failed);
    write_counts(object.key("counts"), result.counts);
    write_json_list(object.key("errors"), result.errors.all(), [&](const LoadError& each) { write_error(out, each); });
    {
      JsonObject measured{object.key("measured")};
      write_traffic(measured, result.measured);
    }
    write_rates(object.key("rates"), result);
    {
      JsonObject times{object.key("times")};
      for (const auto& [name, member] : report_names::times) times.number(name, result.*member);
    }
    write_latencies(object.key("latencies"), result);
    object.text("main_latency", latency_name(result.main_latency));
    write_json_list(object.key("series"), result.series, [&](const LoadInterval& each) { write_interval(out, each); });
    write_json_list(object.key("thresholds"), report.thresholds,
                    [&](const CheckedThreshold& each) { write_threshold(out, each); });
    write_generator(object.key("generator"), report);
    if (report.shards > 1) {
      JsonObject shard{object.key("shard")};
      shard.number("number", std::uint64_t{report.shard});
      shard.number("count", std::uint64_t{report.shards});
      shard.text("run", report.run);
    }
    if (report.clock) write_clock(object.key("clock"), *report.clock);
    if (has_one_way(result.one_way)) write_one_way(object.key("one_way"), result.one_way);
    if (!report.deferred.empty()) {
      write_json_list(object.key("deferred"), report.deferred, [&](const std::string& condition) {
        JsonObject each{out};
        each.text("condition", condition);
      });
    }
    if (report.highest_rate > 0) object.real("highest_rate", report.highest_rate);
    const auto list = [&](std::string_view name, const auto& elements, auto write) {
      if (!elements.empty()) write_json_list(object.key(name), elements, write);
    };
    list("repeats", report.repeats, [&](const RepeatFigures& each) {
      JsonObject repeat{out};
      write_figures(repeat, each);
    });
    list("trials", report.trials, [&](const SearchTrial& each) { write_trial(out, each); });
    list("parts", report.parts, [&](const std::string& each) { out += each; });
    list("broker_figures", report.broker_figures, [&](const auto& each) { write_figure(out, each); });
  }
  out += '\n';
  return out;
}

}  // namespace mqtk
