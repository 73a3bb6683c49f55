#include "bench/settle.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bench/input_file.hpp"
#include "bench/scenario_loading.hpp"
#include "capture/output_file.hpp"
#include "codec/topic.hpp"
#include "load/message_stamp.hpp"

namespace mqtk::bench {
namespace {

using cli::Accepted;
using Kind = Options::Kind;

constexpr std::string_view place = "{i}";
constexpr std::string_view default_topic = "mqtk/bench/{i}";
constexpr std::string_view request_topic = "mqtk/bench/request";
constexpr std::string_view response_topic = "mqtk/bench/response/{i}";

bool publishes(Kind kind) { return kind == Kind::publish || kind == Kind::both || kind == Kind::round_trip; }
bool subscribes(Kind kind) { return kind == Kind::subscribe || kind == Kind::both; }

using Template = std::expected<TextTemplate, std::string>;
Template parse_template(const Options& options, std::string_view option, std::string_view text) {
  const ValueTable& table = options.scenario.table;
  auto parsed = TextTemplate::parse(text, TextTemplate::Braces::are_places, table.rows() > 0 ? &table : nullptr);
  if (!parsed) return std::unexpected(fmt::format("--{} '{}': {}", option, text, parsed.error()));
  return parsed;
}

// A text such as the template gives.
std::string example_of(const Options& options, const TextTemplate& text, std::uint32_t number) {
  std::uint64_t random = 1;
  return text.text({.number = number, .client = number, .random = &random, .table = &options.scenario.table});
}

// An option that would do nothing is a misunderstanding.
Accepted check_applies(const Options& options) {
  constexpr std::array of_publishers = {
      "topic",    "size",        "payload", "payload-file", "retain",       "rate", "rate-per-client",
      "arrivals", "granularity", "closed",  "max",          "max-inflight", "drain"};
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
    if (name == "responders" && kind != Kind::round_trip) {
      return std::unexpected("--responders is for 'bench rtt'");
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
  Options::Typed& typed = options.typed;
  ClientGroup& load = typed.load;
  if (int{typed.rate.has_value()} + int{typed.rate_per_client.has_value()} + int{typed.closed.has_value()} +
          int{typed.max} >
      1) {
    return std::unexpected("--rate, --rate-per-client, --closed and --max exclude each other; give one");
  }
  const auto is_given = [&](std::string_view name) {
    return std::ranges::find(typed.given, name) != typed.given.end();
  };
  if (typed.rate) load.rate = *typed.rate;
  if (typed.rate_per_client) load.rate = *typed.rate_per_client * typed.clients;
  if (typed.max) load.pacing = Pacing::unlimited;
  if (typed.closed) {
    if (load.qos == QoS::at_most_once && options.kind != Kind::round_trip) {
      return std::unexpected("--closed needs -q 1 or 2: at QoS 0 nothing comes back to wait for; or give --max");
    }
    if (is_given("max-inflight"))
      return std::unexpected("--closed says how many are in flight; leave --max-inflight out");
    load.pacing = Pacing::closed_loop;
    load.in_flight = typed.closed;
  }
  for (const std::string_view name : {"arrivals", "granularity"}) {
    if (load.pacing == Pacing::open_loop || !is_given(name)) continue;
    return std::unexpected(fmt::format("--{} needs a schedule; give --rate instead of --closed or --max", name));
  }
  const Duration length =
      typed.duration.value_or(options.kind == Kind::connect ? Duration{0} : std::chrono::seconds{10});
  options.scenario.phases = {{.name = "hold", .length = length}};
  if (typed.warm_up > Duration{0}) {
    options.scenario.phases.insert(options.scenario.phases.begin(),
                                   {.name = "warm_up", .length = typed.warm_up, .is_measured = false});
  }
  return {};
}

void replace_place(std::string& text, std::string_view with) {
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place)) {
    text.replace(at, place.size(), with);
  }
}

Accepted settle_topic(Options& options, ClientGroup& publishers) {
  const std::string_view by_default = options.kind == Kind::round_trip ? request_topic : default_topic;
  auto topic = parse_template(options, "topic", options.typed.topic.value_or(std::string{by_default}));
  if (!topic) return std::unexpected(topic.error());
  publishers.topic = *topic;
  if (const Fault fault = TopicName::check(example_of(options, *topic, publishers.count))) {
    return std::unexpected(fmt::format("--topic '{}': {}", topic->source(), rule_info(fault.rule).text));
  }
  return {};
}

Accepted settle_filter(const Options& options, std::string text, ClientGroup& subscribers) {
  auto filter = parse_template(options, "filter", text);
  if (!filter) return std::unexpected(filter.error());
  if (filter->varies()) return std::unexpected("--filter: only {i} and {client} may stand in a filter");
  const std::string example = example_of(options, *filter, subscribers.filter_numbers);
  const Version version = options.connection.connect.version;
  if (const Fault fault = TopicFilter::check(example, version)) {
    return std::unexpected(fmt::format("--filter '{}': {}", text, rule_info(fault.rule).text));
  }
  subscribers.subscriptions.push_back({*filter, subscribers.qos});
  return {};
}

// Each subscriber receives from one publisher, or from all where there are fewer subscribers.
Accepted settle_subscribers(const Options& options, const ClientGroup& publishers, ClientGroup& subscribers) {
  const bool both = options.kind == Kind::both;
  const std::string by_default = both ? publishers.topic.source() : std::string{default_topic};
  std::string text = options.typed.filter.value_or(by_default);
  subscribers.filter_numbers = both ? publishers.count : subscribers.count;
  const bool fewer = publishers.count > subscribers.count;
  if (!options.typed.filter && publishers.topic.varies()) {
    return std::unexpected("--topic: where it differs from message to message, --filter must say what to receive");
  }
  if (!options.typed.filter && (fewer || !both)) replace_place(text, "+");
  return settle_filter(options, text, subscribers);
}

Accepted settle_responders(const Options& options, const ClientGroup& requesters, ClientGroup& responders) {
  responders.responds = true;
  std::string text = requesters.topic.source();
  replace_place(text, "+");
  if (requesters.topic.varies()) return std::unexpected("--topic: {n}, {time} and {random} are not for 'bench rtt'");
  if (responders.count > 1) {
    if (options.connection.connect.version != Version::v5) {
      return std::unexpected("--responders: more than one shares a subscription, which needs version 5");
    }
    text = fmt::format("$share/mqtk-bench/{}", text);
  }
  return settle_filter(options, text, responders);
}

Accepted settle_payload(Options& options) {
  const Options::Typed& typed = options.typed;
  LoadPayload& payload = options.typed.load.payload;
  const bool size_given = std::ranges::find(typed.given, "size") != typed.given.end();
  if (int{typed.payload.has_value()} + int{!typed.payload_files.empty()} + int{size_given} > 1) {
    return std::unexpected("--size, --payload and --payload-file exclude each other; give one");
  }
  if (typed.payload) {
    const ValueTable& table = options.scenario.table;
    auto text = TextTemplate::parse(*typed.payload, TextTemplate::Braces::are_text_or_json,
                                    table.rows() > 0 ? &table : nullptr);
    if (!text) return std::unexpected(fmt::format("--payload: {}", text.error()));
    payload.text = std::move(*text);
  }
  for (const std::string& file : typed.payload_files) {
    const auto content = read_input_file(file);
    if (!content) return std::unexpected(fmt::format("--payload-file '{}': {}", file, content.error()));
    payload.files.emplace_back(content->begin(), content->end());
  }
  if (payload.is_given() && options.connection.connect.version != Version::v5) {
    return std::unexpected("--payload and --payload-file need version 5: there the stamp travels in a User Property");
  }
  return {};
}

Accepted settle_table(Options& options) {
  if (!options.typed.csv) return {};
  const std::string& file = *options.typed.csv;
  const auto content = read_input_file(file);
  if (!content) return std::unexpected(fmt::format("--values '{}': {}", file, content.error()));
  auto table = ValueTable::parse_csv(*content);
  if (!table) return std::unexpected(fmt::format("--values '{}': {}", file, table.error()));
  options.scenario.table = std::move(*table);
  return {};
}

// A scenario says everything about its load itself.
Accepted settle_scenario(Options& options) {
  const Scenario typed = options.scenario;
  const auto is_given = [&](std::string_view name) {
    return std::ranges::find(options.typed.given, name) != options.typed.given.end();
  };
  for (const std::string& name : options.typed.given) {
    if (name == "pending" || name == "drain" || name == "granularity") continue;
    return std::unexpected(fmt::format("--{}: with 'bench run' the scenario says this", name));
  }
  if (auto loaded = load_scenario(options); !loaded) return loaded;
  if (is_given("pending")) options.scenario.most_pending = typed.most_pending;
  if (is_given("drain")) options.scenario.drain = typed.drain;
  if (is_given("granularity")) options.scenario.granularity = typed.granularity;
  return {};
}

// The groups of the kind, the publishers first.
Accepted settle_groups(Options& options) {
  const Options::Typed& typed = options.typed;
  const Kind kind = options.kind;
  std::vector<ClientGroup>& groups = options.scenario.groups;
  ClientGroup group = typed.load;
  group.count = typed.clients;
  group.connect = options.connection.connect;
  group.publish_properties = options.connection.publish_properties;
  group.subscribe_properties = options.connection.subscribe_properties;
  group.name = "clients";
  if (kind == Kind::connect) {
    groups.push_back(group);
    return {};
  }
  ClientGroup receivers = group;
  if (publishes(kind)) {
    group.name = kind == Kind::round_trip ? "requesters" : "publishers";
    if (auto settled = settle_topic(options, group); !settled) return settled;
    if (kind == Kind::round_trip) group.response_topic = *parse_template(options, "topic", response_topic);
    groups.push_back(group);
    receivers.messages.reset();
    receivers.first_identifier = group.count;
  }
  if (kind == Kind::round_trip) {
    receivers.name = "responders";
    receivers.count = typed.responders;
    if (receivers.count == 0) return {};
    if (auto settled = settle_responders(options, group, receivers); !settled) return settled;
    groups.push_back(receivers);
  }
  if (subscribes(kind)) {
    receivers.name = "subscribers";
    receivers.count = typed.subscribers.value_or(typed.clients);
    if (auto settled = settle_subscribers(options, group, receivers); !settled) return settled;
    groups.push_back(receivers);
  }
  return {};
}

Accepted check_identifier(const Options& options) {
  const std::string& identifier = options.connection.connect.client_identifier;
  if (identifier.empty()) return {};
  const auto parsed = parse_template(options, "id", identifier);
  if (!parsed) return std::unexpected(parsed.error());
  if (options.scenario.clients() > 1 && !parsed->differs_by_client()) {
    return std::unexpected("--id: more than one client needs {i} in the client identifier, such as 'meter-{i}'");
  }
  return {};
}

// What compare and merge are given are results, not a load.
Accepted settle_files(const Options& options) {
  const bool compares = options.task == Options::Task::compare;
  const std::string_view name = compares ? "bench compare" : "bench merge";
  const std::size_t count = options.typed.words.size();
  if (compares ? count != 2 : count < 2) {
    return std::unexpected(
        fmt::format("'{}' takes {} files of results, not {}", name, compares ? "two" : "two or more", count));
  }
  if (!options.typed.given.empty()) {
    return std::unexpected(fmt::format("--{}: '{}' makes no load", options.typed.given.front(), name));
  }
  const bool writes = options.output || options.series || options.histogram_log || options.junit || options.html;
  if (compares && (writes || !options.thresholds.empty())) {
    return std::unexpected("'bench compare' writes no files and knows no --assert, only --tolerance");
  }
  return {};
}

// The kind of load comes after find-max.
Accepted settle_search(Options& options) {
  std::vector<std::string>& words = options.typed.words;
  if (words.empty()) return std::unexpected("find-max of what? Give pub, pubsub, rtt or run behind it");
  options.kind = kind_of(words.front());
  if (!publishes(options.kind) && options.kind != Kind::scenario) {
    return std::unexpected(fmt::format("find-max '{}': not one of pub, pubsub, rtt, run", words.front()));
  }
  words.erase(words.begin());
  if (options.thresholds.empty()) {
    return std::unexpected("find-max looks for the highest rate at which conditions hold; give --assert");
  }
  if (options.typed.closed || options.typed.max)
    return std::unexpected("find-max chooses the rate itself; leave --closed and --max out");
  if (options.repeat > 1) return std::unexpected("find-max repeats the highest rate by itself; leave --repeat out");
  if (!options.typed.duration && options.kind != Kind::scenario) options.typed.duration = std::chrono::seconds{5};
  return {};
}

Accepted settle_load(Options& options) {
  if (options.kind == Kind::scenario) return settle_scenario(options);
  if (!options.typed.words.empty()) {
    return std::unexpected(
        fmt::format("'{}': 'bench {}' takes no other word", options.typed.words[0], kind_name(options.kind)));
  }
  if (auto applies = check_applies(options); !applies) return applies;
  if (auto settled = settle_table(options); !settled) return settled;
  if (auto settled = settle_payload(options); !settled) return settled;
  if (auto settled = settle_pace(options); !settled) return settled;
  if (auto settled = settle_groups(options); !settled) return settled;
  return check_identifier(options);
}

Accepted settle_broker(Options& options) {
  const Options::Typed& typed = options.typed;
  const cli::ConnectionOptions& connection = options.connection;
  if (int{typed.embedded_broker} + int{typed.sink} + int{connection.broker_given} > 1) {
    return std::unexpected("--broker embedded, --sink and the address of a broker exclude each other; give one");
  }
  if (typed.sink && options.scenario.receiving() != nullptr) {
    return std::unexpected("--sink passes no message on: it is for 'bench pub' and 'bench conn'");
  }
  if (options.kind == Kind::subscribe && !connection.broker_given) {
    return std::unexpected("'bench sub' receives what others publish: give their broker with --url or --host");
  }
  if (options.kind == Kind::round_trip && typed.responders == 0 && !connection.broker_given) {
    return std::unexpected("--responders 0: the service that answers is at a broker; give it with --url or --host");
  }
  options.sink = typed.sink;
  options.embedded_broker = !connection.broker_given && !typed.sink;
  options.scenario.endpoint = connection.endpoint;
  return {};
}

// A mistyped folder is told before a run that takes an hour; a disk may still fill up meanwhile.
Accepted check_report_files(const Options& options) {
  const std::array<std::pair<std::string_view, const std::optional<std::string>*>, 5> files = {
      {{"output", &options.output},
       {"series", &options.series},
       {"hlog", &options.histogram_log},
       {"junit", &options.junit},
       {"html", &options.html}}};
  for (const auto& [option, file] : files) {
    if (!*file) continue;
    struct stat facts{};
    int error = 0;
    if (::stat((*file)->c_str(), &facts) == 0) {
      error = S_ISDIR(facts.st_mode) ? EISDIR : ::access((*file)->c_str(), W_OK) != 0 ? errno : 0;
    } else {
      error = ::access(folder_of(**file).c_str(), W_OK | X_OK) != 0 ? errno : 0;
    }
    if (error != 0) {
      return std::unexpected(fmt::format("--{} '{}': cannot write: {}", option, **file, std::strerror(error)));
    }
  }
  return {};
}

// A condition that no run can meet is told before one that takes an hour.
Accepted check_thresholds(const Options& options) {
  for (const Threshold& threshold : options.thresholds) {
    if (threshold.is_about_delivery() && options.scenario.receiving() == nullptr) {
      return std::unexpected(
          fmt::format("--assert '{}': nobody receives what this load sends, so that it always holds; "
                      "measure with pubsub",
                      threshold.text()));
    }
    const auto kind = threshold.latency(options.scenario.main_latency());
    if (!kind || options.scenario.measures(*kind)) continue;
    const bool is_of_sender = *kind == Latency::publish || *kind == Latency::publish_service;
    return std::unexpected(fmt::format(
        "--assert '{}': this load measures no such latency{}", threshold.text(),
        is_of_sender ? "; messages of QoS 0 are not acknowledged, so give -q 1 or 2, or measure with pubsub" : ""));
  }
  return {};
}

// What the cloud service of --preset is known to refuse of the load, told by the first client of each group.
void warn_of_load(const Options& options) {
  cli::CloudAdvisor* const advisor = options.connection.advisor.get();
  if (advisor == nullptr) return;
  for (const ClientGroup& group : options.scenario.groups) {
    if (group.publishes()) {
      const std::string topic = example_of(options, group.topic, 0);
      std::size_t size = group.payload.size_bytes;
      for (const auto& file : group.payload.files) size = std::max(size, file.size());
      const std::vector<std::uint8_t> payload(size);
      Publish publish = {};
      publish.qos = group.qos;
      publish.retain = group.retain;
      publish.topic_name = topic;
      publish.payload = payload;
      advisor->before_publish(publish);
    }
    SubscriptionWriter subscriptions;
    for (const LoadSubscription& each : group.subscriptions) {
      subscriptions.add({.topic_filter = example_of(options, each.filter, 0), .qos = each.qos});
    }
    if (group.subscribes()) {
      advisor->before_subscribe({0, group.subscribe_properties.block(), subscriptions.list()});
    }
  }
}

}  // namespace

Accepted settle(Options& options) {
  using Task = Options::Task;
  if (options.print_schema) return {};
  if (auto checked = check_report_files(options); !checked) return checked;
  if (options.task == Task::compare || options.task == Task::merge) return settle_files(options);
  if (options.tolerance) return std::unexpected("--tolerance is for 'bench compare'");
  if (options.run_id && options.shard.count == 1) return std::unexpected("--run-id is for the parts of --shard");
  if (options.task == Task::find_max) {
    if (auto settled = settle_search(options); !settled) return settled;
  }
  const Options::Typed& typed = options.typed;
  const Kind kind = options.kind;
  if (kind == Kind::none) return std::unexpected("what to measure? Give pub, sub, pubsub, rtt, conn or run");
  if (kind == Kind::init || kind == Kind::sink) {
    if (typed.words.size() <= (kind == Kind::init ? 1U : 0U)) return {};
    return std::unexpected(fmt::format("'{}': one word too many", typed.words.back()));
  }
  if (auto settled = settle_load(options); !settled) return settled;
  if (typed.threads > 1) options.scenario.threads = typed.threads;
  if (options.scenario.threads > 1 && kind == Kind::subscribe && typed.load.messages) {
    return std::unexpected("--messages: the threads of --threads cannot count together what 'bench sub' receives");
  }
  options.scenario.source_addresses = typed.source_addresses;
  if (auto settled = settle_broker(options); !settled) return settled;
  if (auto checked = check_thresholds(options); !checked) return checked;
  warn_of_load(options);
  return {};
}

}  // namespace mqtk::bench
