#include "cli/connection_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/broker_place.hpp"
#include "cli/output.hpp"
#include "cli/payload_encoding.hpp"
#include "cli/property_option.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::cli {

namespace {

using Typed = ConnectionOptions::Typed;

Accepted settle_network(ConnectionOptions& options) {
  std::vector<std::string> warnings;
  auto settled = settle_transport(options.typed.transport, options.endpoint, options.connect, warnings);
  for (const std::string& warning : warnings) report_usage(warning);
  return settled;
}

// --- what CONNECT says
// -----------------------------------------------------------------------------------------------

Accepted settle_version(ConnectionOptions& options) {
  const Typed& typed = options.typed;
  ConnectOptions& connect = options.connect;
  const bool needs_v5 = typed.property_given || typed.authentication.method || typed.session_expiry ||
                        typed.receive_maximum || typed.maximum_packet_size || typed.topic_alias_maximum;
  if (connect.version != Version::v5 && needs_v5) {
    return std::unexpected(
        fmt::format("--mqtt-version '{}': properties, --session-expiry, --receive-maximum, "
                    "--maximum-packet-size, --topic-alias-maximum and --auth-method need version 5",
                    version_text(connect.version)));
  }
  if (connect.version != Version::v5 && connect.password && !connect.user_name) {
    return std::unexpected("--password: before version 5 a password needs a user name; give --username");
  }
  connect.fall_back_to_v3_1_1 = !options.version_given && !needs_v5;
  return {};
}

Accepted settle_session(ConnectionOptions& options) {
  const Typed& typed = options.typed;
  ConnectOptions& connect = options.connect;
  if (!connect.clean_start && connect.client_identifier.empty()) {
    return std::unexpected("--no-clean: without a client identifier no later run finds the session; give --id");
  }
  std::optional<std::uint32_t> expiry = typed.session_expiry;
  if (!connect.clean_start && connect.version == Version::v5 && !expiry) expiry = never_expires;
  if (expiry) connect.properties.add(PropertyId::session_expiry_interval, *expiry);
  if (typed.receive_maximum) connect.properties.add(PropertyId::receive_maximum, *typed.receive_maximum);
  if (typed.maximum_packet_size) connect.properties.add(PropertyId::maximum_packet_size, *typed.maximum_packet_size);
  if (typed.topic_alias_maximum) connect.properties.add(PropertyId::topic_alias_maximum, *typed.topic_alias_maximum);
  return {};
}

Accepted settle_will(ConnectionOptions& options) {
  const Typed& typed = options.typed;
  if (!typed.will_given) return {};
  if (typed.will.topic.empty()) return std::unexpected("a will needs a topic; give --will-topic");
  if (const Fault fault = TopicName::check(typed.will.topic)) {
    return std::unexpected(fmt::format("--will-topic '{}': {}", typed.will.topic, rule_info(fault.rule).text));
  }
  options.connect.will = typed.will;
  return {};
}

std::vector<std::pair<std::string, std::string>> result_of(const ConnectionOptions& options) {
  const ConnectOptions& connect = options.connect;
  Endpoint endpoint = options.endpoint;
  // What a preset has signed is a secret.
  if (connect.renew_endpoint) endpoint.path.resize(std::min(endpoint.path.find('?'), endpoint.path.size()));
  return {{"url", to_text(endpoint)},
          {"mqtt_version", std::string{version_text(connect.version)}},
          {"client_identifier", connect.client_identifier},
          {"user_name", connect.user_name.value_or("")},
          {"password", connect.password ? "***" : ""}};
}

// --- setters
// ---------------------------------------------------------------------------------------------------------

Accepted set_session_expiry(std::string_view text, std::optional<std::uint32_t>& target) {
  if (text == "never" || text == "-1" || text == "∞") {
    target = never_expires;
    return {};
  }
  const auto duration = parse_duration(text);
  const auto seconds = duration ? std::chrono::ceil<std::chrono::seconds>(*duration).count() : -1;
  if (seconds < 0 || seconds > static_cast<std::int64_t>(never_expires)) {
    return std::unexpected("not 'never', a duration such as 2h, or 0 to 4294967295 seconds");
  }
  target = static_cast<std::uint32_t>(seconds);
  return {};
}

Accepted set_reconnect(std::string_view text, ReconnectPolicy& policy) {
  if (text == "no") {
    policy.attempts = 0;
  } else if (text == "forever") {
    policy.attempts = ReconnectPolicy::forever;
  } else if (const auto number = parse_number(text, 0, ReconnectPolicy::forever - 1); number) {
    policy.attempts = static_cast<std::uint32_t>(*number);
  } else {
    return std::unexpected("not 'no', 'forever' or a number of attempts");
  }
  policy.first_connect = ReconnectPolicy::FirstConnect::is_tried_again;
  return {};
}

// CONNECT's own limits have options, too: whichever comes last counts.
bool is_limit(const PropertyWords& words, Typed& typed) {
  if (words.scope != PropertyScope::connect) return false;
  const std::uint32_t number = words.property.number;
  switch (words.property.id) {
    case PropertyId::session_expiry_interval: typed.session_expiry = number; return true;
    case PropertyId::receive_maximum: typed.receive_maximum = static_cast<std::uint16_t>(number); return true;
    case PropertyId::maximum_packet_size: typed.maximum_packet_size = number; return true;
    case PropertyId::topic_alias_maximum: typed.topic_alias_maximum = static_cast<std::uint16_t>(number); return true;
    default: return false;
  }
}

PropertyWriter& writer_for(PropertyScope scope, ConnectionOptions& options) {
  switch (scope) {
    case PropertyScope::publish: return options.publish_properties;
    case PropertyScope::subscribe: return options.subscribe_properties;
    case PropertyScope::unsubscribe: return options.unsubscribe_properties;
    case PropertyScope::disconnect: return options.connect.disconnect_properties;
    case PropertyScope::will: return options.typed.will.properties;
    default: return options.connect.properties;
  }
}

Accepted set_property(std::string_view text, ConnectionOptions& options, const ConnectionUse& use) {
  const auto words = parse_property(text);
  if (!words) return std::unexpected(words.error());
  if (std::ranges::find(use.property_scopes, words->scope) == use.property_scopes.end()) {
    return std::unexpected("this program sends no such packet");
  }
  options.typed.property_given = true;
  if (words->scope == PropertyScope::will) options.typed.will_given = true;
  if (is_limit(*words, options.typed)) return {};
  PropertyWriter& writer = writer_for(words->scope, options);
  if (words->property.id != PropertyId::user_property && writer.block().find(words->property.id)) {
    return std::unexpected("given twice; only user properties may be repeated");
  }
  const PropertyInfo* info = find_property(static_cast<std::uint32_t>(words->property.id));
  if (info->type != PropertyType::binary) {
    writer.add(words->property);
    return {};
  }
  const auto bytes = parse_binary(words->property.text);
  if (!bytes) return std::unexpected(bytes.error());
  writer.add(words->property.id, as_text(*bytes));
  return {};
}

// A setter of one of the will's options, which also notes that there is a will.
Setter for_will(Typed& typed, Setter set) {
  return [&typed, set = std::move(set)](std::string_view text) -> Accepted {
    typed.will_given = true;
    return set(text);
  };
}

// --- tables
// ----------------------------------------------------------------------------------------------------------

void add_place(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use) {
  Typed& typed = options.typed;
  const bool has_default = use.clients == ConnectionUse::Clients::one;
  table.group("Connection");
  table.add({.long_name = "url",
             .short_letter = 'L',
             .value = "URL",
             .help = "Where the broker is: mqtt://[USER[:PASSWORD]@]HOST[:PORT], mqtts://, ws://, wss://, unix://",
             .manual = url_manual(),
             .default_text = has_default ? "mqtt://localhost:1883" : "",
             .environment = "MQTK_URL",
             .set = store(typed.option.url),
             .set_from_environment = store(typed.environment.url)});
  table.add({.long_name = "host",
             .short_letter = 'h',
             .value = "HOST[:PORT]",
             .help = "Name or address of the broker",
             .completion = Completion::host,
             .default_text = has_default ? "localhost" : "",
             .environment = "MQTK_HOST",
             .set = store(typed.option.host),
             .set_from_environment = store(typed.environment.host)});
  table.add({.long_name = "port",
             .short_letter = 'p',
             .value = "PORT",
             .help = "Port of the broker",
             .default_text = "1883, with TLS 8883, with WebSocket 80 and 443",
             .environment = "MQTK_PORT",
             .set = store_number(typed.option.port, 1, 65'535),
             .set_from_environment = store_number(typed.environment.port, 1, 65'535)});
  table.add({.long_name = "username",
             .short_letter = 'u',
             .value = "NAME",
             .help = "User name",
             .environment = "MQTK_USER_NAME",
             .aliases = {"user-name"},
             .set = store(typed.option.user_name),
             .set_from_environment = store(typed.environment.user_name)});
  table.add({.long_name = "password",
             .short_letter = 'P',
             .value = "PASSWORD",
             .help = "Password; other users of this machine may see it in the list of processes",
             .environment = "MQTK_PASSWORD",
             .aliases = {"pw"},
             .set = store(typed.option.password),
             .set_from_environment = store(typed.environment.password),
             .secret = true});
  table.add({.long_name = "password-from",
             .value = "SOURCE",
             .help = "Take the password from file:PATH, fd:NUMBER, env:NAME, command:COMMAND or prompt",
             .manual = "The first line counts. Files and commands are read anew for each connection, so that a token "
                       "that was renewed is used; the prompt does not show what is typed.",
             .environment = "MQTK_PASSWORD_FROM",
             .set = store_parsed(typed.password_source, parse_secret_source)});
  table.add({.long_name = "password-file",
             .value = "FILE",
             .help = "Take the password from the first line of FILE, as --password-from file:FILE does",
             .completion = Completion::file,
             .set = [&typed](std::string_view text) -> Accepted {
               typed.password_source = SecretSource{.kind = SecretSource::Kind::file, .value = std::string(text)};
               return {};
             }});
  add_authentication_options(table, typed.authentication);
  add_preset_options(table, typed.preset);
  table.add({.long_name = "profile",
             .value = "NAME",
             .help = "Take what is not given from a profile of mqtk profile",
             .manual = "Without this option the default profile counts where no broker is given by option or "
                       "environment.",
             .environment = "MQTK_PROFILE",
             .set = store(typed.profile)});
}

void add_patience(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use) {
  ReconnectPolicy& policy = options.connect.reconnect;
  table.add({.long_name = "connect-timeout",
             .value = "DURATION",
             .help = "Give up an attempt to connect after this long",
             .manual = "Counts from the name lookup to the answer of the broker. A duration is a number with a unit, "
                       "such as 500ms, 1.5s, 2m or 3h; without unit it is in seconds.",
             .default_text = "10s",
             .set = store(options.connect.connect_timeout)});
  const Visibility visibility = use.reconnect_default ? Visibility::shown : Visibility::hidden;
  const bool many = use.clients == ConnectionUse::Clients::many;
  table.add({.long_name = "reconnect",
             .value = "TIMES",
             .help = "Try again when connecting fails or the connection is lost: no, forever or a number",
             .manual = "Holds from the first attempt on. The number counts attempts in a row; a successful one starts "
                       "the count again. " +
                       std::string{many ? "Each client counts for itself, and a refused one tries again, too."
                                        : "Nothing is tried again after an answer that is final, such as a wrong "
                                          "password."},
             .completion = Completion::choice,
             .choices = {"no", "forever", "1", "3", "10"},
             .default_text = use.reconnect_default.value_or(""),
             .set = [&policy](std::string_view text) { return set_reconnect(text, policy); },
             .visibility = visibility});
  table.add({.long_name = "reconnect-delay",
             .value = "DURATION",
             .help = "Wait this long before the first new attempt; the wait doubles each time",
             .default_text = "1s",
             .set = store(policy.shortest_delay),
             .visibility = visibility});
  table.add({.long_name = "reconnect-max-delay",
             .value = "DURATION",
             .help = "Longest wait between two attempts",
             .default_text = "30s",
             .set = store(policy.longest_delay),
             .visibility = visibility});
  table.add({.long_name = "reconnect-for",
             .value = "DURATION",
             .help = "Stop trying this long after the connection was lost",
             .set = store(policy.give_up_after),
             .visibility = visibility});
}

void add_session(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use) {
  const bool many = use.clients == ConnectionUse::Clients::many;
  ConnectOptions& connect = options.connect;
  Typed& typed = options.typed;
  table.group("Session");
  table.add({.long_name = "id",
             .short_letter = 'i',
             .value = "ID",
             .help = many ? "Client identifier; {i} is the number of the client" : "Client identifier",
             .manual = many ? "Without one each run makes its own." : "Without one the broker chooses.",
             .aliases = {"client-id"},
             .set = store(connect.client_identifier)});
  table.add({.long_name = "mqtt-version",
             .short_letter = 'V',
             .value = "VERSION",
             .help = "Version of MQTT: 5, 3.1.1 or 3.1",
             .manual = std::string{"Also understood: mqttv5, mqttv311, 311, 4, mqttv31, 31 and 3."} +
                       (many ? ""
                             : " Without this option a broker that refuses version 5 is asked again with 3.1.1, where "
                               "nothing that was asked for needs 5."),
             .completion = Completion::choice,
             .choices = {"5", "3.1.1", "3.1"},
             .default_text = "5",
             .aliases = {"protocol-version"},
             .set = [&options, set = store(connect.version)](std::string_view text) -> Accepted {
               options.version_given = true;
               return set(text);
             }});
  table.add({.long_name = "keep-alive",
             .short_letter = 'k',
             .value = "SECONDS",
             .help = "Longest silence of this client, 0 for any; the broker closes the connection after one and a half",
             .default_text = "60",
             .aliases = {"keepalive"},
             .set = store_number(connect.keep_alive_seconds, 0, 65'535)});
  table.add({.long_name = "no-clean",
             .short_letter = 'c',
             .help = "Take up the session of an earlier connection with the same --id, and leave one behind",
             .manual = "Turns Clean Start (5.0) or Clean Session (3.1.1) off. In version 5 the session then never "
                       "expires, unless --session-expiry says otherwise.",
             .aliases = {"disable-clean-session"},
             .set = set_false(connect.clean_start)});
  table.add({.long_name = "session-expiry",
             .short_letter = 'x',
             .value = "DURATION",
             .help = "How long the session outlives the connection: seconds, a duration such as 2h, or never",
             .aliases = {"session-expiry-interval"},
             .set = [&typed](std::string_view text) { return set_session_expiry(text, typed.session_expiry); }});
  table.add({.long_name = "receive-maximum",
             .value = "N",
             .help = "How many QoS 1 and 2 messages the broker may send before they are acknowledged",
             .set = store_number(typed.receive_maximum, 1, 65'535)});
  table.add({.long_name = "maximum-packet-size",
             .value = "BYTES",
             .help = "Largest packet that this client accepts",
             .set = store_number(typed.maximum_packet_size, 1, 0xFFFF'FFFF)});
  table.add({.long_name = "topic-alias-maximum",
             .value = "N",
             .help = "How many topic aliases the broker may use",
             .set = store_number(typed.topic_alias_maximum, 0, 65'535)});
}

void add_will(OptionTable& table, Typed& typed) {
  table.group("Will");
  table.add({.long_name = "will-topic",
             .value = "TOPIC",
             .help = "The broker publishes a message to TOPIC if this client goes without DISCONNECT",
             .completion = Completion::topic,
             .set = for_will(typed, store(typed.will.topic))});
  table.add({.long_name = "will-payload",
             .value = "TEXT",
             .help = "Payload of that message",
             .set = for_will(typed, [&typed](std::string_view text) -> Accepted {
               typed.will.payload.assign(text.begin(), text.end());
               return {};
             })});
  table.add({.long_name = "will-qos",
             .value = "QOS",
             .help = "QoS of that message",
             .completion = Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "0",
             .set = for_will(typed, store(typed.will.qos))});
  table.add(
      {.long_name = "will-retain", .help = "Retain that message", .set = for_will(typed, set_true(typed.will.retain))});
}

void add_properties(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use) {
  std::string packets;
  for (const PropertyScope scope : use.property_scopes) {
    packets += fmt::format("{}{}", packets.empty() ? "" : ", ", scope_word(scope));
  }
  table.group("Properties");
  table.add({.long_name = "property",
             .short_letter = 'D',
             .value = "PACKET NAME VALUE",
             .help = "Add a property to a packet; a user property takes a name and a value",
             .manual = fmt::format("PACKET is one of {}. NAME is the name of the property in small letters with "
                                   "dashes. Binary data is a text, hex:DIGITS or base64:TEXT.\n\nExamples: --property "
                                   "publish content-type text/plain, "
                                   "--property connect user-property site berlin. Needs version 5.",
                                   packets),
             .repeatable = true,
             .word_count = property_word_count,
             .set = [&options, use](std::string_view text) { return set_property(text, options, use); }});
}

}  // namespace

void add_connection_options(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use) {
  add_place(table, options, use);
  add_transport_options(table, options.typed.transport, options.connect);
  table.group("Connection");
  add_patience(table, options, use);
  add_session(table, options, use);
  add_will(table, options.typed);
  add_properties(table, options, use);
  add_connection_sources(table, options.typed, use.clients);
  for (const auto settle : {settle_place, settle_password, settle_preset, settle_authentication, settle_version,
                            settle_session, settle_will, settle_network, warn_of_preset}) {
    table.check([&options, settle] { return settle(options); });
  }
  table.show_result([&options] { return result_of(options); });
}

}  // namespace mqtk::cli
