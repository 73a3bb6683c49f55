#include "bench/scenario_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "load/json_object.hpp"

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

std::string pace_text(const ClientGroup& group) {
  switch (group.pacing) {
    case Pacing::unlimited: return "as fast as taken";
    case Pacing::closed_loop: return fmt::format("closed loop of {}", group.most_in_flight());
    case Pacing::open_loop: break;
  }
  return fmt::format("{:.{}f}/s{}", group.rate, group.rate < 100 ? 2 : 0,
                     group.arrivals == Arrivals::poisson ? " (Poisson)" : "");
}

// Of all groups that send: what they have in common, and the sum of their rates.
std::string pace_text(const std::vector<const ClientGroup*>& senders) {
  ClientGroup all;
  all.rate = 0;
  all.pacing = senders.front()->pacing;
  all.arrivals = senders.front()->arrivals;
  for (const ClientGroup* sender : senders) {
    if (sender->pacing != all.pacing) return "each at a pace of its own";
    if (sender->arrivals != all.arrivals) all.arrivals = Arrivals::fixed;
    all.rate += sender->rate;
  }
  const bool is_sum = senders.size() > 1 && all.pacing == Pacing::open_loop;
  return is_sum ? pace_text(all) : pace_text(*senders.front());
}

std::string payload_text(const LoadPayload& payload) {
  if (payload.text) return "payload from a template";
  if (payload.files.empty()) return fmt::format("{} B", payload.size_bytes);
  return payload.files.size() == 1 ? "payload from a file" : "payloads from files";
}

std::string payload_text(const std::vector<const ClientGroup*>& senders) {
  const std::string first = payload_text(senders.front()->payload);
  const bool is_one =
      std::ranges::all_of(senders, [&](const ClientGroup* each) { return payload_text(each->payload) == first; });
  return is_one ? first : "various payloads";
}

std::string qos_text(const std::vector<const ClientGroup*>& groups) {
  std::set<int> levels;
  for (const ClientGroup* group : groups) levels.insert(static_cast<int>(group->qos));
  return fmt::format("QoS {}", fmt::join(levels, ", "));
}

std::uint32_t idle_clients(const Scenario& scenario) {
  return scenario.clients() - scenario.publishers() - scenario.subscribers();
}

void write_group(std::string& out, const ClientGroup& group) {
  JsonObject object{out};
  object.text("name", group.name);
  object.number("clients", group.count);
  object.text("protocol_version", version_text(group.connect.version));
  if (group.publishes()) {
    object.text("topic", group.topic.source());
    if (group.requests()) object.text("response_topic", group.response_topic.source());
    object.number("qos", static_cast<std::uint64_t>(group.qos));
    object.flag("retain", group.retain);
    if (!group.payload.is_given()) object.number("payload_bytes", group.payload.size_bytes);
    object.text("pacing", pacing_name(group.pacing));
    if (group.pacing == Pacing::open_loop) {
      object.real("rate", group.rate);
      object.text("arrivals", group.arrivals == Arrivals::fixed ? "fixed" : "poisson");
    }
    object.number("maximum_in_flight", group.most_in_flight());
    if (group.messages) object.number("messages", *group.messages);
  }
  if (!group.subscribes()) return;
  write_json_list(object.key("subscriptions"), group.subscriptions, [&](const LoadSubscription& subscription) {
    JsonObject each{out};
    each.text("filter", subscription.filter.source());
    each.number("qos", static_cast<std::uint64_t>(subscription.qos));
  });
  if (group.responds) object.flag("responds", true);
}

void write_load(JsonObject& object, std::string& out, const Scenario& scenario) {
  write_json_list(object.key("groups"), scenario.groups, [&](const ClientGroup& group) { write_group(out, group); });
  write_json_list(object.key("phases"), scenario.phases, [&](const LoadPhase& phase) {
    JsonObject each{out};
    each.text("phase", phase.name);
    each.number("length_ns", phase.length);
    each.real("from", phase.from);
    each.real("to", phase.to);
    each.flag("measured", phase.is_measured);
  });
}

}  // namespace

std::string shared_json(const Scenario& scenario) {
  std::string out;
  {
    JsonObject object{out};
    write_load(object, out, scenario);
  }
  return out;
}

std::string scenario_title(const Options& options) {
  const Scenario& scenario = options.scenario;
  std::vector<const ClientGroup*> senders;
  for (const ClientGroup& group : scenario.groups) {
    if (group.publishes()) senders.push_back(&group);
  }
  std::string what;
  const auto add = [&](std::uint32_t count, std::string_view name) {
    if (count > 0) what += (what.empty() ? "" : ", ") + count_of(count, name);
  };
  const bool asks = options.kind == Options::Kind::round_trip;
  add(scenario.publishers(), asks ? "requester" : "publisher");
  add(scenario.subscribers(), asks ? "responder" : "subscriber");
  add(idle_clients(scenario), "client");
  if (!senders.empty()) {
    what += fmt::format(", {}, {}, {}", qos_text(senders), payload_text(senders), pace_text(senders));
  } else if (scenario.receiving() != nullptr) {
    what += ", " + qos_text({scenario.receiving()});
  }
  const bool named = options.kind == Options::Kind::scenario;
  return fmt::format("{}: {}", named ? scenario.name : kind_name(options.kind), what);
}

std::string broker_text(const Options& options) {
  if (options.sink) return "none, a sink that only acknowledges: this is the ceiling of the load test";
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
    object.number("publishers", scenario.publishers());
    object.number("subscribers", scenario.subscribers());
    object.number("idle_clients", idle_clients(scenario));
    write_load(object, out, scenario);
    object.number("drain_ns", scenario.drain);
    object.number("most_pending", scenario.most_pending);
    object.number("threads", scenario.threads);
  }
  return out;
}

}  // namespace mqtk::bench
