#include "mosquitto/option_words.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "base/utf8.hpp"
#include "codec/topic.hpp"

namespace mqtk::mosquitto {
namespace {

using Source = Arguments::Source;

// As atoi reads: digits up to the first other character, 0 where there are none.
int lenient_number(const std::string& text) {
  const long number = std::strtol(text.c_str(), nullptr, 10);
  return static_cast<int>(std::clamp(number, -2'000'000'000L, 2'000'000'000L));
}

std::string choose_source(Arguments& arguments, Source source, const std::string& text) {
  if (arguments.source != Source::none) return "Only one type of message can be sent at once.\n";
  arguments.source = source;
  arguments.text = text;
  return "";
}

std::string set_qos(Arguments& arguments, const std::string& value) {
  const int qos = lenient_number(value);
  if (qos < 0 || qos > 2) return fmt::format("Invalid QoS given: {}", qos);
  arguments.qos = static_cast<QoS>(qos);
  return "";
}

std::string set_version(Arguments& arguments, const std::string& value) {
  if (value == "mqttv31" || value == "31") {
    arguments.version = Version::v3_1;
  } else if (value == "mqttv311" || value == "311") {
    arguments.version = Version::v3_1_1;
  } else if (value == "mqttv5" || value == "5") {
    arguments.version = Version::v5;
  } else {
    return "Invalid protocol version argument given.\n";
  }
  return "";
}

// Empty, or what is wrong with bytes that are no text.
std::string check_text(std::string_view option, std::string_view value) {
  return is_mqtt_text(as_bytes(value)) ? "" : fmt::format("Malformed UTF-8 in {} argument.\n", option);
}

std::string add_topic(Arguments& arguments, const std::string& value) {
  if (std::string wrong = check_text("-t", value); !wrong.empty()) return wrong;
  if (arguments.tool == Tool::sub) {
    if (TopicFilter::check(value, arguments.version)) {
      return fmt::format("Invalid subscription topic '{}', are all '+' and '#' wildcards correct?", value);
    }
    arguments.topics.push_back(value);
    return "";
  }
  if (TopicName::check(value)) return fmt::format("Invalid publish topic '{}', does it contain '+' or '#'?", value);
  arguments.topics = {value};
  return "";
}

std::string set_port(Arguments& arguments, const std::string& value) {
  const int port = lenient_number(value);
  if (port < 0 || port > 65'535) return fmt::format("Invalid port given: {}", port);
  arguments.port = port;
  return "";
}

std::string set_keep_alive(Arguments& arguments, const std::string& value) {
  arguments.keep_alive = lenient_number(value);
  if (arguments.keep_alive < 5 || arguments.keep_alive > 65'535) {
    return "Invalid keepalive given, it must be between 5 and 65535 inclusive.\n";
  }
  return "";
}

std::string set_session_expiry(Arguments& arguments, const std::string& value) {
  arguments.version = Version::v5;
  if (value == "∞" || value == "-1") {
    arguments.session_expiry = never_expires;
    return "";
  }
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc::result_out_of_range || seconds > never_expires) {
    return "session-expiry-interval out of range.\n";
  }
  if (error != std::errc{} || end != value.data() + value.size()) return "session-expiry-interval not a number.\n";
  arguments.session_expiry = static_cast<std::uint32_t>(seconds);
  return "";
}

std::string set_format(Arguments& arguments, const std::string& value) {
  auto parsed = cli::MessageTemplate::parse(value, cli::MessageTemplate::Widths::of_mosquitto);
  if (!parsed) {
    const std::string& why = parsed.error();
    if (why.size() > 1 && why.front() == '%') return fmt::format("Invalid format specifier '{}'.", why[1]);
    if (why.size() > 1 && why.front() == '\\') return fmt::format("Invalid escape specifier '{}'.", why[1]);
    return fmt::format("Incomplete {} specifier.", value.ends_with('\\') ? "escape" : "format");
  }
  arguments.format = std::move(*parsed);
  arguments.format_text = value;
  return "";
}

// scheme://[user[:password]@]host[:port]/topic, nothing decoded, split at the first of each sign.
std::string set_url(Arguments& arguments, const std::string& value) {
  static constexpr std::array<std::pair<std::string_view, Transport>, 4> schemes = {
      {{"mqtt", Transport::tcp},
       {"mqtts", Transport::tls},
       {"ws", Transport::websocket},
       {"wss", Transport::websocket_over_tls}}};
  const std::size_t colons = value.find("://");
  std::string scheme = value.substr(0, colons);
  std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* known = std::ranges::find(schemes, scheme, &std::pair<std::string_view, Transport>::first);
  if (colons == std::string::npos || known == schemes.end()) return "unsupported URL scheme.\n";
  const bool secure = speaks_tls(known->second);
  if (secure) arguments.tls.system_authorities = true;
  arguments.websocket = speaks_websocket(known->second);
  std::string rest = value.substr(colons + 3);
  const std::size_t slash = rest.find('/');
  if (slash == std::string::npos) return "Invalid URL for -L argument specified - topic missing.";
  const std::string topic = rest.substr(slash + 1);
  rest.resize(slash);
  if (const std::size_t at = rest.find('@'); at != std::string::npos) {
    const std::string credentials = rest.substr(0, at);
    rest.erase(0, at + 1);
    const std::size_t colon = credentials.find(':');
    arguments.user_name = credentials.substr(0, colon);
    if (colon != std::string::npos) arguments.password = credentials.substr(colon + 1);
  }
  if (const std::size_t colon = rest.find(':'); colon != std::string::npos) {
    arguments.port = lenient_number(rest.substr(colon + 1));
    rest.resize(colon);
  } else {
    arguments.port = secure ? 8883 : 1883;
  }
  arguments.host = rest;
  return add_topic(arguments, topic);
}

std::string set_proxy(Arguments& arguments, const std::string& value) {
  constexpr std::string_view scheme = "socks5h://";
  if (!value.starts_with(scheme)) return fmt::format("Unsupported proxy protocol: {}", value);
  const std::string_view place = std::string_view{value}.substr(value.rfind('@') + 1);
  const std::string_view host_and_port = place.starts_with(scheme) ? place.substr(scheme.size()) : place;
  if (host_and_port.empty() || host_and_port.front() == ':') return "Invalid proxy.";
  const std::size_t colon = host_and_port.rfind(':');
  if (colon != std::string_view::npos && !host_and_port.ends_with(']')) {
    const int port = lenient_number(std::string{host_and_port.substr(colon + 1)});
    if (port < 1 || port > 65'535) return fmt::format("Invalid proxy port {}", port);
  }
  arguments.proxy_url = value;
  return "";
}

std::string set_will_topic(Arguments& arguments, const std::string& value) {
  if (std::string wrong = check_text("--will-topic", value); !wrong.empty()) return wrong;
  if (TopicName::check(value)) return fmt::format("Invalid will topic '{}', does it contain '+' or '#'?", value);
  arguments.will_topic = value;
  return "";
}

template <auto member>
std::string store(Arguments& arguments, const std::string& value) {
  arguments.*member = value;
  return "";
}

template <auto member>
std::string set_true(Arguments& arguments, const std::string& value) {
  (void)value;
  arguments.*member = true;
  return "";
}

template <auto member>
std::string set_false(Arguments& arguments, const std::string& value) {
  (void)value;
  arguments.*member = false;
  return "";
}

std::string set_delay(Arguments& arguments, const std::string& value) {
  const double seconds = std::strtod(value.c_str(), nullptr);
  constexpr double longest = 1e9;
  if (!(seconds >= 0 && seconds <= longest)) return "--repeat-delay argument must be >=0.0.\n";
  arguments.repeat_delay = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return "";
}

std::string set_random_share(Arguments& arguments, const std::string& value) {
  const double percent = std::strtod(value.c_str(), nullptr);
  if (!(percent > 0 && percent <= 100)) return "--random-filter chance must be between 0.1-100.0\n";
  arguments.random_share = percent / 100;
  return "";
}

template <auto member>
std::string store_tls(Arguments& arguments, const std::string& value) {
  arguments.tls.*member = value;
  return "";
}

template <auto member>
std::string set_tls(Arguments& arguments, const std::string& value) {
  (void)value;
  arguments.tls.*member = true;
  return "";
}

std::string set_retain_handling(Arguments& arguments, const std::string& value) {
  if (value == "always") {
    arguments.retain_handling = RetainHandling::send;
  } else if (value == "new") {
    arguments.retain_handling = RetainHandling::send_if_new;
  } else if (value == "never") {
    arguments.retain_handling = RetainHandling::do_not_send;
  } else {
    return "Unknown value for --retain-handling.";
  }
  return "";
}

std::string do_nothing(Arguments& arguments, const std::string& value) {
  (void)arguments, (void)value;
  return "";
}

template <Source source>
std::string take_source(Arguments& arguments, const std::string& value) {
  return choose_source(arguments, source, value);
}

std::string add_filtered_out(Arguments& arguments, const std::string& value) {
  if (std::string wrong = check_text("-T", value); !wrong.empty()) return wrong;
  if (TopicFilter::check(value, arguments.version)) {
    return fmt::format("Invalid filter topic '{}', are all '+' and '#' wildcards correct?", value);
  }
  arguments.filtered_out.push_back(value);
  return "";
}

std::string add_unsubscribe(Arguments& arguments, const std::string& value) {
  if (std::string wrong = check_text("-U", value); !wrong.empty()) return wrong;
  if (TopicFilter::check(value, arguments.version)) {
    return fmt::format("Invalid unsubscribe topic '{}', are all '+' and '#' wildcards correct?", value);
  }
  arguments.unsubscribe.push_back(value);
  return "";
}

std::string set_response_topic(Arguments& arguments, const std::string& value) {
  if (std::string wrong = check_text("-e", value); !wrong.empty()) return wrong;
  if (TopicName::check(value)) return fmt::format("Invalid response topic '{}', does it contain '+' or '#'?", value);
  arguments.response_topic = value;
  return "";
}

std::string set_id(Arguments& arguments, const std::string& value) {
  if (arguments.id_prefix) return "-i and -I argument cannot be used together.\n";
  arguments.id = value;
  return "";
}

std::string set_id_prefix(Arguments& arguments, const std::string& value) {
  if (arguments.id) return "-i and -I argument cannot be used together.\n";
  arguments.id_prefix = value;
  return "";
}

std::string set_will_qos(Arguments& arguments, const std::string& value) {
  arguments.will_qos = lenient_number(value);
  return arguments.will_qos >= 0 && arguments.will_qos <= 2 ? ""
                                                            : fmt::format("Invalid will QoS {}.\n", arguments.will_qos);
}

std::string set_count(Arguments& arguments, const std::string& value) {
  arguments.count = lenient_number(value);
  return arguments.count >= 1 ? "" : fmt::format("Invalid message count \"{}\".\n", arguments.count);
}

std::string set_timeout(Arguments& arguments, const std::string& value) {
  arguments.timeout_seconds = lenient_number(value);
  return arguments.timeout_seconds >= 1 ? "" : fmt::format("Invalid timeout \"{}\".\n", arguments.timeout_seconds);
}

std::string set_repeat(Arguments& arguments, const std::string& value) {
  arguments.repeat = lenient_number(value);
  return arguments.repeat >= 1 ? "" : "--repeat argument must be >0.\n";
}

std::string set_max_inflight(Arguments& arguments, const std::string& value) {
  arguments.max_inflight = lenient_number(value);
  return arguments.max_inflight >= 1 ? "" : "Maximum inflight messages must be greater than 0.\n";
}

using A = Arguments;
using T = Arguments::Tls;
constexpr OptionWord words[] = {
    {"-A", "", "PSR", "address", store<&A::bind_address>},
    {"-c", "--disable-clean-session", "PSR", "", set_false<&A::clean>},
    {"-C", "", "S", "count", set_count},
    {"-d", "--debug", "PSR", "", set_true<&A::debug>},
    {"-e", "", "R", "response topic", set_response_topic},
    {"-E", "", "S", "", set_true<&A::exit_after_suback>},
    {"-f", "--file", "PR", "file", take_source<Source::file>},
    {"-F", "", "SR", "format", set_format},
    {"-h", "--host", "PSR", "host", store<&A::host>},
    {"-i", "--id", "PSR", "id", set_id},
    {"-I", "--id-prefix", "PSR", "id prefix", set_id_prefix},
    {"-k", "--keepalive", "PSR", "keepalive", set_keep_alive},
    {"-l", "--stdin-line", "P", "", take_source<Source::lines>},
    {"-L", "--url", "PSR", "URL", set_url},
    {"-m", "--message", "PR", "message", take_source<Source::text>},
    {"-M", "", "PSR", "max_inflight", set_max_inflight},
    {"-n", "--null-message", "PR", "", take_source<Source::empty>},
    {"-N", "", "SR", "", set_false<&A::newline>},
    {"-p", "--port", "PSR", "port", set_port},
    {"-P", "--pw", "PSR", "password", store<&A::password>},
    {"-q", "--qos", "PSR", "QoS", set_qos},
    {"-r", "--retain", "P", "", set_true<&A::retain>},
    {"-R", "", "SR", "", set_true<&A::hide_retained>},
    {"-s", "--stdin-file", "PR", "", take_source<Source::whole_input>},
    {"-S", "", "PSR", "", set_true<&A::service_lookup>},
    {"-t", "--topic", "PSR", "topic", add_topic},
    {"-T", "--filter-out", "S", "topic filter", add_filtered_out},
    {"-u", "--username", "PSR", "username", store<&A::user_name>},
    {"-U", "--unsubscribe", "S", "unsubscribe topic", add_unsubscribe},
    {"-v", "--verbose", "SR", "", set_true<&A::verbose>},
    {"-V", "--protocol-version", "PSR", "protocol version", set_version},
    {"-w", "--watch", "S", "", set_true<&A::watch>},
    {"-W", "", "SR", "timeout", set_timeout},
    {"-x", "", "PSR", "session expiry interval", set_session_expiry},
    {"--help", "", "PSR", "", set_true<&A::help>},
    {"--version", "", "PSR", "", set_true<&A::show_version>},
    {"--latency", "", "R", "", set_true<&A::latency>},
    {"--message-rate", "", "S", "", set_true<&A::message_rate>},
    {"--no-tls", "", "PSR", "", set_tls<&T::off>},
    {"--nodelay", "", "PSR", "", do_nothing},  // this client never delays
    {"--pretty", "", "SR", "", set_true<&A::pretty>},
    {"--quiet", "", "PSR", "", set_true<&A::quiet>},
    {"--random-filter", "", "S", "chance", set_random_share},
    {"--remove-retained", "", "S", "", set_true<&A::remove_retained>},
    {"--repeat", "", "P", "count", set_repeat},
    {"--repeat-delay", "", "P", "time", set_delay},
    {"--retain-as-published", "", "SR", "", set_true<&A::retain_as_published>},
    {"--retain-handling", "", "SR", "retain handling", set_retain_handling},
    {"--retained-only", "", "S", "", set_true<&A::retained_only>},
    {"--unix", "", "PSR", "socket path", store<&A::unix_socket>},
    {"--will-payload", "", "PSR", "will payload", store<&A::will_payload>},
    {"--will-qos", "", "PSR", "will QoS", set_will_qos},
    {"--will-retain", "", "PSR", "", set_true<&A::will_retain>},
    {"--will-topic", "", "PSR", "will topic", set_will_topic},
    {"--ws", "", "PSR", "", set_true<&A::websocket>},
    {"--cafile", "", "PSR", "file", store_tls<&T::ca_file>},
    {"--capath", "", "PSR", "directory", store_tls<&T::ca_directory>},
    {"--cert", "", "PSR", "file", store_tls<&T::certificate_file>},
    {"--ciphers", "", "PSR", "ciphers", store_tls<&T::ciphers>},
    {"--insecure", "", "PSR", "", set_tls<&T::any_host_name>},
    {"--key", "", "PSR", "file", store_tls<&T::key_file>},
    {"--keyform", "", "PSR", "keyform", store_tls<&T::key_form>},
    {"--proxy", "", "PSR", "proxy url", set_proxy},
    {"--psk", "", "PSR", "key", store_tls<&T::psk>},
    {"--psk-identity", "", "PSR", "identity", store_tls<&T::psk_identity>},
    {"--tls-alpn", "", "PSR", "protocol", store_tls<&T::alpn>},
    {"--tls-engine", "", "PSR", "engine_id", store_tls<&T::engine>},
    {"--tls-engine-kpass-sha1", "", "PSR", "kpass sha1", store_tls<&T::engine_password_hash>},
    {"--tls-keylog", "", "PSR", "file", store_tls<&T::key_log_file>},
    {"--tls-use-os-certs", "", "PSR", "", set_tls<&T::system_authorities>},
    {"--tls-version", "", "PSR", "version", store_tls<&T::version>},
};

PropertyWriter* writer_for(Arguments& arguments, std::string_view command) {
  if (command == "connect") return &arguments.connect_properties;
  if (command == "publish") return &arguments.publish_properties;
  if (command == "subscribe") return &arguments.subscribe_properties;
  if (command == "unsubscribe") return &arguments.unsubscribe_properties;
  if (command == "disconnect") return &arguments.disconnect_properties;
  if (command == "will") return &arguments.will_properties;
  return nullptr;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string packet_name(std::string command) {
  if (command == "will") return "Will";
  std::ranges::transform(command, command.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return command;
}

// Nothing for what no -D can name.
std::optional<PropertyScope> scope_of(std::string_view command) {
  static constexpr std::pair<std::string_view, PropertyScope> scopes[] = {{"connect", PropertyScope::connect},
                                                                          {"connack", PropertyScope::connack},
                                                                          {"publish", PropertyScope::publish},
                                                                          {"puback", PropertyScope::puback},
                                                                          {"pubrec", PropertyScope::pubrec},
                                                                          {"pubrel", PropertyScope::pubrel},
                                                                          {"pubcomp", PropertyScope::pubcomp},
                                                                          {"subscribe", PropertyScope::subscribe},
                                                                          {"unsubscribe", PropertyScope::unsubscribe},
                                                                          {"disconnect", PropertyScope::disconnect},
                                                                          {"auth", PropertyScope::auth},
                                                                          {"will", PropertyScope::will}};
  const auto* found = std::ranges::find(scopes, command, &std::pair<std::string_view, PropertyScope>::first);
  return found == std::end(scopes) ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::span<const OptionWord> option_words() { return words; }

std::size_t property_words(const std::vector<std::string>& following) {
  return following.size() > 1 && lower(following[1]) == "user-property" ? 4 : 3;
}

std::string apply_property(Arguments& arguments, const std::vector<std::string>& property) {
  const std::string command = lower(property[0]);
  const std::string name = lower(property[1]);
  const auto scope = scope_of(command);
  if (!scope) return "Invalid command given in --property argument.\n";
  PropertyWriter* writer = writer_for(arguments, command);
  std::string snake = name;
  std::ranges::replace(snake, '-', '_');
  const PropertyInfo* info = find_property(snake);
  if (info == nullptr) return "Invalid property name given in --property argument.\n";
  if (!info->allowed_in(*scope)) {
    return fmt::format("{} property not allowed for {} in --property argument.\n", name, command);
  }
  const bool is_brokers = info->id == PropertyId::subscription_identifier && command == "publish";
  if (writer == nullptr || is_brokers) {
    return fmt::format("{} property not supported for {} in --property argument.\n", name, command);
  }
  arguments.version = Version::v5;
  if (info->type == PropertyType::utf8_string_pair) {
    writer->add_user_property(property[2], property[3]);
    return "";
  }
  if (writer->block().find(info->id)) {
    return fmt::format("Error in {} properties: Duplicate property in property list", packet_name(command));
  }
  if (info->type == PropertyType::utf8_string || info->type == PropertyType::binary) {
    writer->add(info->id, property[2]);
    return "";
  }
  const int number = lenient_number(property[2]);
  const int most = info->type == PropertyType::byte               ? 1
                   : info->type == PropertyType::two_byte_integer ? 65'535
                                                                  : 2'000'000'000;
  if (number < 0 || number > most)
    return fmt::format("Property value ({}) out of range for property {}.\n", number, name);
  // Which the protocol forbids.
  if (number == 0 && (info->id == PropertyId::receive_maximum || info->id == PropertyId::maximum_packet_size ||
                      info->id == PropertyId::topic_alias || info->id == PropertyId::subscription_identifier)) {
    return fmt::format("Error in {} properties: A network protocol error occurred when communicating with the broker.",
                       packet_name(command));
  }
  writer->add(info->id, static_cast<std::uint32_t>(number));
  return "";
}

}  // namespace mqtk::mosquitto
