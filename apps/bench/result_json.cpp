// The result as contracts promise it. Durations are nanoseconds, as the names say.
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/json_text.hpp"
#include "bench/report.hpp"
#include "cli/program.hpp"

namespace mqtk::bench {
namespace {

constexpr int schema_version = 1;

// One JSON object, written member by member.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  void number(std::string_view name, std::uint64_t value) { key(name) += std::to_string(value); }
  void number(std::string_view name, Duration value) { key(name) += std::to_string(value.count()); }
  void real(std::string_view name, double value) { key(name) += fmt::format("{}", value); }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

 private:
  std::string& out_;
};

template <class List, class Write>
void write_list(std::string& out, const List& list, Write write) {
  out += '[';
  for (const auto& element : list) {
    if (out.back() != '[') out += ',';
    write(element);
  }
  out += ']';
}

std::string_view pacing_name(Pacing pacing) {
  switch (pacing) {
    case Pacing::open_loop: return "open_loop";
    case Pacing::closed_loop: return "closed_loop";
    case Pacing::unlimited: return "unlimited";
  }
  return "";
}

void write_scenario(std::string& out, const Options& options) {
  const Scenario& scenario = options.scenario;
  JsonObject object{out};
  object.text("kind", kind_name(options.kind));
  object.text("broker", to_text(scenario.endpoint));
  object.flag("embedded_broker", options.embedded_broker);
  object.text("protocol_version", version_text(scenario.connect.version));
  object.number("publishers", scenario.publishers);
  object.number("subscribers", scenario.subscribers);
  object.number("idle_clients", scenario.idle_clients);
  if (scenario.publishers > 0) object.text("topic", scenario.topic);
  if (scenario.subscribers > 0) object.text("filter", scenario.filter);
  if (scenario.publishers + scenario.subscribers > 0) object.number("qos", static_cast<std::uint64_t>(scenario.qos));
  if (scenario.publishers > 0) {
    object.flag("retain", scenario.retain);
    object.number("payload_bytes", scenario.payload_bytes);
    object.text("pacing", pacing_name(scenario.pacing));
    if (scenario.pacing == Pacing::open_loop) {
      object.real("rate", scenario.rate);
      object.text("arrivals", scenario.arrivals == Arrivals::fixed ? "fixed" : "poisson");
    }
    object.number("maximum_in_flight", scenario.in_flight);
    object.number("drain_ns", scenario.drain);
  }
  object.number("warm_up_ns", scenario.warm_up);
  object.number("duration_ns", scenario.duration);
  if (scenario.messages) object.number("messages", *scenario.messages);
  object.number("most_pending", scenario.most_pending);
}

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
  object.number("connected", counts.connected);
  object.number("subscribed", counts.subscribed);
  object.number("sent", counts.traffic.sent);
  object.number("acknowledged", counts.traffic.acknowledged);
  object.number("received", counts.traffic.received);
  object.number("sent_bytes", counts.sent_bytes);
  object.number("received_bytes", counts.received_bytes);
  object.number("unrouted", counts.unrouted);
  object.number("unacknowledged", counts.unacknowledged);
  object.number("lost", counts.lost);
  object.number("duplicated", counts.duplicated);
  object.number("out_of_order", counts.out_of_order);
  object.number("undecided", counts.undecided);
  object.number("foreign", counts.foreign);
}

void write_latencies(std::string& out, const LoadResult& result) {
  constexpr std::array percents = {50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999};
  JsonObject object{out};
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    const auto kind = static_cast<Latency>(i);
    const Histogram& histogram = result.latency(kind);
    if (histogram.count() == 0) continue;
    JsonObject latency{object.key(latency_name(kind))};
    latency.number("count", histogram.count());
    latency.number("min_ns", histogram.min());
    latency.number("mean_ns", histogram.mean());
    latency.number("max_ns", histogram.max());
    latency.number("standard_deviation_ns", histogram.standard_deviation());
    {
      JsonObject percentiles{latency.key("percentiles_ns")};
      for (const double percent : percents)
        percentiles.number(fmt::format("{}", percent), histogram.percentile(percent));
    }
    latency.text("histogram", histogram.encode());
  }
}

void write_error(std::string& out, const LoadError& error) {
  JsonObject object{out};
  object.text("kind", load_error_name(error.kind));
  if (error.reason != ReasonCode::success) object.number("reason_code", static_cast<std::uint64_t>(error.reason));
  object.text("text", error.text);
  object.number("count", error.count);
}

void write_interval(std::string& out, const LoadInterval& interval) {
  JsonObject object{out};
  object.number("begin_ns", interval.begin);
  object.number("length_ns", interval.length);
  object.number("sent", interval.traffic.sent);
  object.number("acknowledged", interval.traffic.acknowledged);
  object.number("received", interval.traffic.received);
  object.number("errors", interval.errors);
  object.number("p50_ns", interval.p50);
  object.number("p99_ns", interval.p99);
  object.number("max_ns", interval.max);
}

void write_threshold(std::string& out, const CheckedThreshold& threshold) {
  JsonObject object{out};
  object.text("condition", threshold.text);
  object.flag("holds", threshold.verdict.holds);
  object.text("measured", threshold.verdict.measured);
}

}  // namespace

std::string to_json(const Report& report) {
  const LoadResult& result = *report.result;
  std::string out;
  {
    JsonObject object{out};
    object.number("schema_version", std::uint64_t{schema_version});
    object.text("tool", "mqtk-bench");
    object.text("tool_version", cli::version());
    write_scenario(object.key("scenario"), *report.options);
    write_machine(object.key("machine"), report.machine);
    object.text("started_at", rfc3339(report.started_at));
    object.text("ended_at", rfc3339(report.ended_at));
    object.flag("ended_early", result.ended_early);
    write_counts(object.key("counts"), result.counts);
    write_list(object.key("errors"), result.errors.all(), [&](const LoadError& error) { write_error(out, error); });
    write_traffic(object.key("measured"), result.measured);
    {
      JsonObject rates{object.key("rates")};
      rates.real("sent", result.sent_rate());
      rates.real("acknowledged", result.acknowledged_rate());
      rates.real("received", result.received_rate());
    }
    write_latencies(object.key("latencies"), result);
    object.text("main_latency", latency_name(result.main_latency));
    write_list(object.key("series"), result.series, [&](const LoadInterval& each) { write_interval(out, each); });
    write_list(object.key("thresholds"), report.thresholds,
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
