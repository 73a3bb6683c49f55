#include "bench/scenario_text.hpp"

#include <fmt/format.h>

#include "bench/json_object.hpp"

namespace mqtk::bench {
namespace {

std::string_view pacing_name(Pacing pacing) {
  switch (pacing) {
    case Pacing::open_loop: return "open_loop";
    case Pacing::closed_loop: return "closed_loop";
    case Pacing::unlimited: return "unlimited";
  }
  return "";
}

std::string count_of(std::uint32_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string pace_text(const Scenario& scenario) {
  switch (scenario.pacing) {
    case Pacing::unlimited: return "as fast as taken";
    case Pacing::closed_loop: return fmt::format("closed loop of {}", scenario.in_flight);
    case Pacing::open_loop: break;
  }
  return fmt::format("{:.{}f}/s{}", scenario.rate, scenario.rate < 100 ? 2 : 0,
                     scenario.arrivals == Arrivals::poisson ? " (Poisson)" : "");
}

}  // namespace

std::string scenario_title(const Options& options) {
  const Scenario& scenario = options.scenario;
  std::string what;
  if (scenario.publishers > 0) what += count_of(scenario.publishers, "publisher");
  if (scenario.subscribers > 0) what += (what.empty() ? "" : ", ") + count_of(scenario.subscribers, "subscriber");
  if (scenario.idle_clients > 0) what += count_of(scenario.idle_clients, "client");
  if (scenario.publishers + scenario.subscribers > 0) what += fmt::format(", QoS {}", static_cast<int>(scenario.qos));
  if (scenario.publishers > 0) what += fmt::format(", {} B, {}", scenario.payload_bytes, pace_text(scenario));
  return fmt::format("{}: {}", kind_name(options.kind), what);
}

std::string broker_text(const Options& options) {
  return fmt::format("{}{}", short_text(options.scenario.endpoint),
                     options.embedded_broker ? ", started for this run" : "");
}

std::string scenario_json(const Options& options) {
  std::string out;
  {
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
  return out;
}

}  // namespace mqtk::bench
