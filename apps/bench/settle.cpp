#include "bench/settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/topic.hpp"
#include "load/message_stamp.hpp"

namespace mqtk::bench {
namespace {

using cli::Accepted;
using Kind = Options::Kind;

constexpr std::string_view place = "{i}";
constexpr std::string_view default_topic = "mqtk/bench/{i}";

bool has_place(std::string_view text) { return text.find(place) != std::string_view::npos; }

bool publishes(Kind kind) { return kind == Kind::publish || kind == Kind::both; }
bool subscribes(Kind kind) { return kind == Kind::subscribe || kind == Kind::both; }

// An option that would do nothing is a misunderstanding.
Accepted check_applies(const Options& options) {
  constexpr std::array of_publishers = {"topic",    "size",   "retain", "rate",         "rate-per-client",
                                        "arrivals", "closed", "max",    "max-inflight", "drain"};
  constexpr std::array of_messages = {"qos", "messages", "warmup"};
  const Kind kind = options.kind;
  for (const std::string& name : options.typed.given) {
    const bool publishing = std::ranges::find(of_publishers, name) != of_publishers.end();
    const bool messages = std::ranges::find(of_messages, name) != of_messages.end();
    if (publishing && !publishes(kind)) {
      return std::unexpected(fmt::format("--{}: 'bench {}' publishes nothing", name, kind_name(kind)));
    }
    if (messages && kind == Kind::connect)
      return std::unexpected(fmt::format("--{}: 'bench conn' only connects", name));
    if (name == "filter" && !subscribes(kind)) {
      return std::unexpected(fmt::format("--filter: 'bench {}' does not subscribe", kind_name(kind)));
    }
    if (name == "subscribers" && kind != Kind::both) {
      return std::unexpected("--subscribers is for 'bench pubsub'; give --clients");
    }
  }
  if (!publishes(kind) && !options.connection.publish_properties.block().empty()) {
    return std::unexpected(fmt::format("--property publish: 'bench {}' publishes nothing", kind_name(kind)));
  }
  if (!subscribes(kind) && !options.connection.subscribe_properties.block().empty()) {
    return std::unexpected(fmt::format("--property subscribe: 'bench {}' does not subscribe", kind_name(kind)));
  }
  return {};
}

Accepted settle_pace(Options& options) {
  const Options::Typed& typed = options.typed;
  Scenario& scenario = options.scenario;
  if (int{typed.rate.has_value()} + int{typed.rate_per_client.has_value()} + int{typed.closed.has_value()} +
          int{typed.max} >
      1) {
    return std::unexpected("--rate, --rate-per-client, --closed and --max exclude each other; give one");
  }
  const auto is_given = [&](std::string_view name) {
    return std::ranges::find(typed.given, name) != typed.given.end();
  };
  if (typed.rate) scenario.rate = *typed.rate;
  if (typed.rate_per_client) scenario.rate = *typed.rate_per_client * typed.clients;
  if (typed.max) scenario.pacing = Pacing::unlimited;
  if (typed.closed) {
    if (scenario.qos == QoS::at_most_once) {
      return std::unexpected("--closed needs -q 1 or 2: at QoS 0 nothing comes back to wait for; or give --max");
    }
    if (is_given("max-inflight"))
      return std::unexpected("--closed says how many are in flight; leave --max-inflight out");
    scenario.pacing = Pacing::closed_loop;
    scenario.in_flight = *typed.closed;
  }
  if (scenario.pacing != Pacing::open_loop && is_given("arrivals")) {
    return std::unexpected("--arrivals needs a schedule; give --rate instead of --closed or --max");
  }
  scenario.duration = typed.duration.value_or(options.kind == Kind::connect ? Duration{0} : std::chrono::seconds{10});
  return {};
}

void replace_place(std::string& text, std::string_view with) {
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place)) {
    text.replace(at, place.size(), with);
  }
}

Accepted settle_topics(Options& options) {
  const Options::Typed& typed = options.typed;
  Scenario& scenario = options.scenario;
  if (publishes(options.kind)) {
    scenario.topic = typed.topic.value_or(std::string{default_topic});
    if (const Fault fault = TopicName::check(with_number(scenario.topic, scenario.publishers))) {
      return std::unexpected(fmt::format("--topic '{}': {}", scenario.topic, rule_info(fault.rule).text));
    }
  }
  if (!subscribes(options.kind)) return {};
  const bool fewer = scenario.publishers > scenario.subscribers;
  scenario.filter = typed.filter.value_or(options.kind == Kind::both ? scenario.topic : std::string{default_topic});
  scenario.filter_numbers = options.kind == Kind::both ? scenario.publishers : scenario.subscribers;
  if (!typed.filter && (fewer || options.kind == Kind::subscribe)) replace_place(scenario.filter, "+");
  const std::string example = with_number(scenario.filter, scenario.filter_numbers);
  const Version version = options.connection.connect.version;
  if (const Fault fault = TopicFilter::check(example, version)) {
    return std::unexpected(fmt::format("--filter '{}': {}", scenario.filter, rule_info(fault.rule).text));
  }
  if (TopicFilter::checked(example, version).is_shared()) {
    return std::unexpected("--filter: the messages of a Shared Subscription cannot be checked for each subscriber");
  }
  return {};
}

}  // namespace

Accepted settle(Options& options) {
  if (options.kind == Kind::none) return std::unexpected("what to measure? Give pub, sub, pubsub or conn");
  if (auto applies = check_applies(options); !applies) return applies;
  const Options::Typed& typed = options.typed;
  Scenario& scenario = options.scenario;
  if (publishes(options.kind)) scenario.publishers = typed.clients;
  if (subscribes(options.kind)) scenario.subscribers = typed.subscribers.value_or(typed.clients);
  if (options.kind == Kind::connect) scenario.idle_clients = typed.clients;
  if (auto settled = settle_pace(options); !settled) return settled;
  if (auto settled = settle_topics(options); !settled) return settled;

  const cli::ConnectionOptions& connection = options.connection;
  if (typed.embedded_broker && connection.broker_given) {
    return std::unexpected("--broker embedded and the address of a broker exclude each other; give one");
  }
  if (options.kind == Kind::subscribe && !connection.broker_given) {
    return std::unexpected("'bench sub' receives what others publish: give their broker with --url or --host");
  }
  options.embedded_broker = !connection.broker_given;
  scenario.endpoint = connection.endpoint;
  scenario.connect = connection.connect;
  scenario.publish_properties = connection.publish_properties;
  scenario.subscribe_properties = connection.subscribe_properties;
  const std::string& identifier = scenario.connect.client_identifier;
  if (!identifier.empty() && scenario.clients() > 1 && !has_place(identifier)) {
    return std::unexpected("--id: more than one client needs {i} in the client identifier, such as 'meter-{i}'");
  }
  return {};
}

}  // namespace mqtk::bench
