#include "broker/bridge_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::broker_program {
namespace {

using cli::Accepted;

constexpr std::array<std::pair<std::string_view, BridgeDirection>, 3> directions{
    {{"in", BridgeDirection::in}, {"out", BridgeDirection::out}, {"both", BridgeDirection::both}}};

const BridgeDirection* find_direction(std::string_view word) {
  const auto* const found = std::ranges::find(directions, word, &std::pair<std::string_view, BridgeDirection>::first);
  return found == directions.end() ? nullptr : &found->second;
}

bool is_qos(std::string_view word) { return word == "0" || word == "1" || word == "2"; }

// Behind the filter: nothing, a direction, or a direction and a QoS.
std::size_t words_after_filter(const std::vector<std::string>& following) {
  if (following.empty() || find_direction(following[0]) == nullptr) return 0;
  return following.size() > 1 && is_qos(following[1]) ? 2 : 1;
}

// The last word of `text`, taken off it.
std::string_view take_last_word(std::string_view& text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return {};
  const std::string_view word = text.substr(space + 1);
  text = text.substr(0, space);
  return word;
}

std::expected<BridgeTopic, std::string> parse_topic(std::string text) {
  std::ranges::replace(text, cli::word_separator, ' ');
  BridgeTopic topic;
  std::string_view rest = text;
  std::string_view before_qos = rest;
  const std::string_view last = take_last_word(before_qos);
  std::string_view filter = before_qos;
  const std::string_view before_last = take_last_word(filter);
  if (is_qos(last) && find_direction(before_last) != nullptr) {
    topic.qos = static_cast<QoS>(last.front() - '0');
    topic.direction = *find_direction(before_last);
    rest = filter;
  } else if (find_direction(last) != nullptr) {
    topic.direction = *find_direction(last);
    rest = before_qos;
  }
  topic.filter = rest;
  if (is_system_topic(topic.filter)) return std::unexpected("what a broker says of itself is not mirrored");
  if (topic.filter.starts_with("$share/")) return std::unexpected("a bridge takes no part in Shared Subscriptions");
  if (const Fault fault = TopicFilter::check(topic.filter, Version::v5)) {
    return std::unexpected(std::string{rule_info(fault.rule).text});
  }
  return topic;
}

// An option of the bridge that was begun last.
template <class Set>
cli::Setter of_latest(std::vector<BridgeSettings>& bridges, Set set) {
  return [&bridges, set](std::string_view value) -> Accepted {
    if (bridges.empty()) return std::unexpected("belongs to the --bridge before it, and there is none");
    return set(bridges.back(), value);
  };
}

Accepted check_prefix(const BridgeTopics& topics, const std::string& prefix, std::string_view option) {
  if (find_wildcard(prefix) != std::string::npos) {
    return std::unexpected(fmt::format("{} '{}': holds a wildcard", option, prefix));
  }
  for (const BridgeTopic& topic : topics.topics) {
    const std::string filter = prefix + topic.filter;
    const Fault fault = TopicFilter::check(filter, Version::v5);
    if (fault || is_system_topic(filter) || filter.starts_with("$share/")) {
      return std::unexpected(fmt::format("{} '{}': '{}' is no filter that can be mirrored", option, prefix, filter));
    }
  }
  return {};
}

// What a client would make of the same words. The environment is for the clients of this broker: their password is
// not for the one that is bridged to.
Accepted read_connection(BridgeSettings& bridge) {
  bridge.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  cli::OptionTable table{{.name = "mqtk-broker", .summary = {}, .synopsis = {}, .description = {}}};
  cli::add_connection_options(
      table, bridge.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::disconnect}, .reconnect_default = "forever"});
  table.ignore_environment();
  std::vector<std::string> words = bridge.client_words;
  words.push_back(fmt::format("--{}={}", bridge.place.contains("://") ? "url" : "profile", bridge.place));
  if (auto parsed = cli::parse(table, words); !parsed) return parsed;
  ConnectOptions& connect = bridge.connection.connect;
  if (connect.client_identifier.empty() || !connect.clean_start) return {};
  // Who says who the bridge is wants it to be taken up again.
  connect.clean_start = false;
  if (connect.version == Version::v5 && !bridge.connection.typed.session_expiry) {
    connect.properties.add(PropertyId::session_expiry_interval, never_expires);
  }
  return {};
}

void give_name(std::vector<BridgeSettings>& bridges, BridgeSettings& bridge) {
  std::string name = bridge.name.empty() ? short_text(bridge.connection.endpoint) : bridge.name;
  for (char& c : name) {
    if (c == '/' || c == '+' || c == '#') c = '_';
  }
  bridge.name.clear();
  const auto is_taken = [&](const std::string& other) {
    return std::ranges::find(bridges, other, &BridgeSettings::name) != bridges.end();
  };
  std::string numbered = name;
  for (int number = 2; is_taken(numbered); ++number) numbered = fmt::format("{}-{}", name, number);
  bridge.name = numbered;
}

Accepted complete(std::vector<BridgeSettings>& bridges) {
  for (BridgeSettings& bridge : bridges) {
    if (bridge.topics.topics.empty()) {
      return std::unexpected("--bridge: nothing would be mirrored; give --topic after it, such as --topic '#' in");
    }
    if (auto read = read_connection(bridge); !read) return std::unexpected("--bridge: " + read.error());
    if (auto good = check_prefix(bridge.topics, bridge.topics.local_prefix, "--prefix"); !good) return good;
    if (auto good = check_prefix(bridge.topics, bridge.topics.remote_prefix, "--remote-prefix"); !good) return good;
    give_name(bridges, bridge);
  }
  return {};
}

void add_topic_options(cli::OptionTable& table, std::vector<BridgeSettings>& bridges) {
  table.add({.long_name = "topic",
             .value = "FILTER [in|out|both] [QOS]",
             .help = "Mirror these topics of the --bridge before it: in from the other broker, out to it, or both",
             .manual = "Without a direction they come in, so that nothing of a test gets out by accident. QOS is the "
                       "highest one used, 2 unless said. $SYS is never mirrored.",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .word_count = words_after_filter,
             .set = of_latest(bridges, [](BridgeSettings& bridge, std::string_view text) -> Accepted {
               auto topic = parse_topic(std::string{text});
               if (!topic) return std::unexpected(std::move(topic.error()));
               bridge.topics.topics.push_back(std::move(*topic));
               return {};
             })});
  table.add({.long_name = "prefix",
             .value = "PREFIX",
             .help = "What the mirrored topics of the --bridge before it begin with here, before FILTER: live/",
             .repeatable = true,
             .set = of_latest(bridges, [](BridgeSettings& bridge, std::string_view text) -> Accepted {
               bridge.topics.local_prefix = text;
               return {};
             })});
  table.add({.long_name = "remote-prefix",
             .value = "PREFIX",
             .help = "What they begin with at the other broker",
             .repeatable = true,
             .set = of_latest(bridges, [](BridgeSettings& bridge, std::string_view text) -> Accepted {
               bridge.topics.remote_prefix = text;
               return {};
             })});
}

}  // namespace

void add_bridge_options(cli::OptionTable& table, std::vector<BridgeSettings>& bridges) {
  table.group("Bridges");
  table.add(
      {.long_name = "bridge",
       .value = "URL",
       .help = "Mirror topics to and from the broker there; --topic after it says which",
       .manual =
           "A URL as mqtk pub takes it, with what its query may set, or the name of a profile of mqtk profile. "
           "Repeated for several brokers: --topic, --prefix, --remote-prefix, --bridge-name and --bridge-option belong "
           "to the --bridge before them.\n\n"
           "The bridge is a client of both brokers. A broker that cannot be reached is tried again for ever, from the "
           "first attempt on; meanwhile QoS 1 and 2 messages wait as they do for any client that is away "
           "(--max-queued-messages). Properties and retained messages go along, where the other side has them. "
           "Nothing comes back to where it came from: by No Local in version 5, before by the bit in the protocol "
           "level that mosquitto's bridges set, and where that is refused, too, by remembering what was sent. Two "
           "brokers of mqtk may bridge to each other; a ring of three is not noticed.\n\n"
           "A Session at the other broker ends with this one, unless a Client Identifier is given (?id=NAME): then it "
           "stays, and is taken up again. State and counts are in $SYS/broker/connection/NAME, in mqtk broker "
           "bridges and in the metrics. In this broker the bridge is the client bridge.NAME.",
       .completion = cli::Completion::host,
       .repeatable = true,
       .set = [&bridges](std::string_view place) -> Accepted {
         bridges.emplace_back().place = place;
         return {};
       },
       .secret = true});
  add_topic_options(table, bridges);
  table.add({.long_name = "bridge-name",
             .value = "NAME",
             .help = "What to call the --bridge before it in logs and topics",
             .repeatable = true,
             .default_text = "host and port",
             .set = of_latest(bridges, [](BridgeSettings& bridge, std::string_view text) -> Accepted {
               if (TopicName::check(text)) return std::unexpected("no name that can stand in a topic");
               bridge.name = text;
               return {};
             })});
  table.add({.long_name = "bridge-option",
             .value = "OPTION[=VALUE]",
             .help = "An option of mqtk pub that says how to connect: password-file=FILE, insecure, reconnect-delay=5s",
             .repeatable = true,
             .set = of_latest(bridges,
                              [](BridgeSettings& bridge, std::string_view text) -> Accepted {
                                if (text.empty() || text.starts_with('-')) {
                                  return std::unexpected("not the name of an option, without dashes in front");
                                }
                                bridge.client_words.push_back("--" + std::string{text});
                                return {};
                              }),
             .secret = true});
  table.check([&bridges] { return complete(bridges); });
}

}  // namespace mqtk::broker_program
