// The result as contracts promise it. Durations are nanoseconds, as the names say.
#include <array>
#include <span>
#include <string_view>

#include "bench/json_object.hpp"
#include "bench/report.hpp"
#include "cli/program.hpp"

namespace mqtk::bench {
namespace {

constexpr int schema_version = 1;
constexpr std::array interval_percents = {50.0, 90.0, 99.0, 99.9};

void write_machine(std::string& out, const Machine& machine) {
  JsonObject object{out};
  object.text("system", machine.system);
  object.text("processor", machine.processor);
  object.number("processors", machine.processors);
  object.number("memory_bytes", machine.memory_bytes);
}

void write_traffic(std::string& out, const LoadTraffic& traffic) {
  JsonObject object{out};
  object.number("sent", traffic.sent);
  object.number("acknowledged", traffic.acknowledged);
  object.number("received", traffic.received);
}

void write_counts(std::string& out, const LoadCounts& counts) {
  JsonObject object{out};
  object.number("clients", counts.clients);
  object.number("subscriptions", counts.subscriptions);
  object.number("connected", counts.connected);
  object.number("reconnected", counts.reconnected);
  object.number("subscribed", counts.subscribed);
  object.number("sent", counts.traffic.sent);
  object.number("acknowledged", counts.traffic.acknowledged);
  object.number("received", counts.traffic.received);
  object.number("sent_bytes", counts.sent_bytes);
  object.number("received_bytes", counts.received_bytes);
  object.number("unrouted", counts.unrouted);
  object.number("unacknowledged", counts.unacknowledged);
  object.number("expected", counts.expected);
  object.number("lost", counts.lost);
  object.number("retained", counts.retained);
  object.number("duplicated", counts.duplicated);
  object.number("out_of_order", counts.out_of_order);
  object.number("undecided", counts.undecided);
  object.number("foreign", counts.foreign);
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
  object.number("sent", interval.traffic.sent);
  object.number("acknowledged", interval.traffic.acknowledged);
  object.number("received", interval.traffic.received);
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

}  // namespace

std::string to_json(const Report& report) {
  const LoadResult& result = report.result;
  std::string out;
  {
    JsonObject object{out};
    object.number("schema_version", std::uint64_t{schema_version});
    object.text("tool", "mqtk-bench");
    object.text("tool_version", cli::version());
    object.text("title", report.title);
    object.text("broker", report.broker);
    object.key("scenario") += report.scenario;
    write_machine(object.key("machine"), report.machine);
    object.text("started_at", rfc3339(report.started_at));
    object.text("ended_at", rfc3339(report.ended_at));
    object.flag("ended_early", result.ended_early);
    write_counts(object.key("counts"), result.counts);
    write_json_list(object.key("errors"), result.errors.all(),
                    [&](const LoadError& error) { write_error(out, error); });
    write_traffic(object.key("measured"), result.measured);
    {
      JsonObject rates{object.key("rates")};
      rates.real("sent", result.sent_rate());
      rates.real("acknowledged", result.acknowledged_rate());
      rates.real("received", result.received_rate());
    }
    {
      JsonObject times{object.key("times")};
      times.number("connecting_ns", result.connecting_time);
      times.number("sending_ns", result.sending_time);
      times.number("acknowledging_ns", result.acknowledging_time);
      times.number("receiving_ns", result.receiving_time);
    }
    write_latencies(object.key("latencies"), result);
    object.text("main_latency", latency_name(result.main_latency));
    write_json_list(object.key("series"), result.series, [&](const LoadInterval& each) { write_interval(out, each); });
    write_json_list(object.key("thresholds"), report.thresholds,
                    [&](const CheckedThreshold& each) { write_threshold(out, each); });
    {
      JsonObject generator{object.key("generator")};
      generator.number("processor_time_ns", report.usage.processor_time);
      generator.number("peak_memory_bytes", report.usage.peak_memory_bytes);
    }
  }
  out += '\n';
  return out;
}

}  // namespace mqtk::bench
