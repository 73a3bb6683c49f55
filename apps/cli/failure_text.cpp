#include "cli/failure_text.hpp"

#include <fmt/format.h>

#include "cli/handshake_remedy.hpp"

namespace mqtk::cli {
namespace {

// Where connections go through a proxy, it is the proxy that cannot be reached.
std::string_view proxy_remedy(std::error_code code) {
  switch (failure_of(code)) {
    case NetFailure::unknown_host: return "check the names given with --proxy and --host";
    case NetFailure::refused: return "check --proxy, and that the proxy is running";
    case NetFailure::unreachable: return "check the network and --proxy";
    case NetFailure::timed_out: return "check --proxy, --host and --port, or raise --connect-timeout";
    default: return "";
  }
}

std::string_view network_remedy(std::error_code code, const ConnectOptions& options) {
  if (const std::string_view remedy = handshake_remedy(code); !remedy.empty()) return remedy;
  if (options.transport.proxy) {
    if (const std::string_view remedy = proxy_remedy(code); !remedy.empty()) return remedy;
  }
  if (code == std::errc::address_not_available && !options.bind_address.empty()) {
    return "check --bind: this machine has no such address";
  }
  if (code == std::errc::no_such_file_or_directory)
    return "check the path of the Unix socket, and that the broker is running";
  switch (failure_of(code)) {
    case NetFailure::unknown_host:
      return options.address_family == AddressFamily::any
                 ? "check the name given with --host"
                 : "check the name given with --host, and whether it has an address of this --ip-version";
    case NetFailure::refused: return "check --host and --port, and that the broker is running";
    case NetFailure::unreachable: return "check the network and --host";
    case NetFailure::timed_out: return "check --host and --port, or raise --connect-timeout";
    case NetFailure::no_descriptors: return "raise the limit of open files";
    case NetFailure::unsupported: return "check --ip-version and --bind";
    case NetFailure::forbidden: return "check the rights of this user, and firewalls";
    default: return "check --host and --port";
  }
}

// For what passes by itself.
std::string_view patience(Outlook outlook) {
  return outlook == Outlook::ended ? "try again later, or with --reconnect" : "see the broker's log";
}

std::string_view refusal_remedy(ReasonCode reason, Outlook outlook) {
  switch (reason) {
    case ReasonCode::unsupported_protocol_version: return "choose another version with -V";
    case ReasonCode::client_identifier_not_valid: return "choose another --id";
    case ReasonCode::bad_user_name_or_password: return "check --username and the password";
    case ReasonCode::banned: return "the broker does not let this client in; ask who runs it";
    case ReasonCode::not_authorized: return "check --username, the password and what the broker allows them";
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::connection_rate_exceeded:
    case ReasonCode::quota_exceeded: return patience(outlook);
    case ReasonCode::bad_authentication_method: return "the broker wants another authentication method";
    case ReasonCode::retain_not_supported:
    case ReasonCode::qos_not_supported: return "lower --will-qos or leave out --will-retain";
    case ReasonCode::topic_name_invalid: return "check --will-topic";
    case ReasonCode::packet_too_large: return "shorten the will or the properties";
    case ReasonCode::use_another_server:
    case ReasonCode::server_moved: return "connect to another broker";
    default: return "see the broker's log";
  }
}

// The return codes of 3.1 and 3.1.1 as Reason Codes.
ReasonCode reason_of_return_code(ReasonCode code) {
  switch (static_cast<std::uint8_t>(code)) {
    case 1: return ReasonCode::unsupported_protocol_version;
    case 2: return ReasonCode::client_identifier_not_valid;
    case 3: return ReasonCode::server_unavailable;
    case 4: return ReasonCode::bad_user_name_or_password;
    case 5: return ReasonCode::not_authorized;
    default: return code;
  }
}

std::string_view disconnect_remedy(ReasonCode reason, Outlook outlook) {
  switch (reason) {
    case ReasonCode::session_taken_over: return "another client has connected with the same --id";
    case ReasonCode::not_authorized: return "check what the broker allows this user";
    case ReasonCode::packet_too_large: return "a packet was larger than the broker takes";
    case ReasonCode::quota_exceeded:
    case ReasonCode::message_rate_too_high: return "send less at a time";
    case ReasonCode::receive_maximum_exceeded: return "lower --max-inflight";
    case ReasonCode::server_shutting_down:
    case ReasonCode::server_busy: return patience(outlook);
    case ReasonCode::use_another_server:
    case ReasonCode::server_moved: return "connect to another broker";
    default: return "see the broker's log";
  }
}

std::string elsewhere(const ConnectionFailure& failure) {
  return failure.server_reference.empty() ? "" : fmt::format(" (it names {})", failure.server_reference);
}

std::string fault_text(Fault fault, Version version) {
  const RuleInfo& rule = rule_info(fault.rule);
  const std::string_view id = statement(fault.rule, version);
  return id.empty() ? std::string{rule.text} : fmt::format("{} [{}]", rule.text, id);
}

// The broker closed after CONNECT without a word.
FailureText closed_silently(const ConnectionFailure& failure, const Endpoint& endpoint) {
  std::string_view remedy = handshake_remedy(failure.network.code);
  const bool has_tls = speaks_tls(endpoint.transport);
  if (remedy.empty() && endpoint.host.ends_with(".amazonaws.com")) {
    remedy = "AWS IoT does so where the policy does not allow this --id, or the certificate is not active";
  } else if (remedy.empty()) {
    remedy = has_tls ? "it may want a client certificate (--cert-file), a login, another --id or another -V"
                     : "it may want TLS (mqtts://), another -V, or be no MQTT listener";
  }
  return {fmt::format("{}; {}", failure.network.text(), remedy),
          failure.was_connected ? ExitStatus::connection_lost : ExitStatus::not_connected};
}

FailureText refused(const ConnectionFailure& failure, const std::string& where, Outlook outlook) {
  const bool v5 = failure.version == Version::v5;
  const auto code = static_cast<std::uint8_t>(failure.reason);
  std::string reason;
  if (v5) {
    reason = reason_text(failure.reason, PacketType::connack, failure.reason_string);
  } else {
    std::string_view name = connack_return_code_name(code);
    constexpr std::string_view said_already = "refused: ";
    if (name.starts_with(said_already)) name.remove_prefix(said_already.size());
    reason = fmt::format("{} (return code {})", name, code);
  }
  const ReasonCode meant = v5 ? failure.reason : reason_of_return_code(failure.reason);
  return {fmt::format("{} refused the connection: {}{}; {}", where, reason, elsewhere(failure),
                      refusal_remedy(meant, outlook)),
          ExitStatus::refused_at_connect};
}

}  // namespace

std::string reason_text(ReasonCode reason, PacketType packet, std::string_view reason_string) {
  std::string text = fmt::format("{} (0x{:02X})", reason_name(reason, packet), static_cast<unsigned>(reason));
  if (!reason_string.empty()) text.append(": ").append(reason_string);
  return text;
}

std::string duration_text(Duration duration) {
  const auto milliseconds = std::chrono::round<std::chrono::milliseconds>(duration).count();
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  return fmt::format("{} s", static_cast<double>(milliseconds) / 1000);
}

Outlook outlook_at_end(const ConnectionFailure& failure, const ConnectOptions& options) {
  const bool is_tried_again =
      failure.was_connected || options.reconnect.first_connect == ReconnectPolicy::FirstConnect::is_tried_again;
  const bool gave_up = is_tried_again && options.reconnect.attempts > 0 && worth_retrying(failure);
  return gave_up ? Outlook::given_up : Outlook::ended;
}

FailureText describe(const ConnectionFailure& failure, const Endpoint& endpoint, const ConnectOptions& options,
                     Outlook outlook) {
  const std::string where = short_text(endpoint);
  using Kind = ConnectionFailure::Kind;
  switch (failure.kind) {
    case Kind::could_not_connect:
      return {fmt::format("{}; {}", failure.network.text(), network_remedy(failure.network.code, options)),
              failure.was_connected                                       ? ExitStatus::connection_lost
              : failure_of(failure.network.code) == NetFailure::timed_out ? ExitStatus::timed_out
                                                                          : ExitStatus::not_connected};
    case Kind::connect_not_valid:
      return {fmt::format("cannot send such a CONNECT: {}", fault_text(failure.fault, failure.version)),
              ExitStatus::usage};
    case Kind::request_not_valid:
      return {fmt::format("cannot subscribe at {}: {}; choose another filter or other options of it", where,
                          fault_text(failure.fault, failure.version)),
              failure.fault.rule == Rule::no_local_on_shared ? ExitStatus::usage : ExitStatus::refused_later};
    case Kind::no_answer:
      return {fmt::format("no CONNACK from {} within {}; is it an MQTT listener? Or raise --connect-timeout", where,
                          duration_text(options.connect_timeout)),
              ExitStatus::timed_out};
    case Kind::closed_before_connack: return closed_silently(failure, endpoint);
    case Kind::refused: return refused(failure, where, outlook);
    case Kind::disconnected:
      return {fmt::format("{} ended the connection: {}{}; {}", where,
                          reason_text(failure.reason, PacketType::disconnect, failure.reason_string),
                          elsewhere(failure), disconnect_remedy(failure.reason, outlook)),
              ExitStatus::refused_later};
    case Kind::lost:
      return {fmt::format("connection lost, {}; see the broker's log{}", failure.network.text(),
                          outlook == Outlook::ended ? ", or use --reconnect" : ""),
              ExitStatus::connection_lost};
    case Kind::protocol_broken:
      return {fmt::format("{} broke the protocol: {}; {}", where, fault_text(failure.fault, failure.version),
                          failure.fault.rule == Rule::packet_before_connack
                              ? "is it an MQTT broker, and not a web server (ws://)?"
                              : "is it an MQTT broker?"),
              ExitStatus::malformed_input};
    case Kind::acknowledgement_overdue:
      return {fmt::format("{} acknowledged nothing for {}; raise --ack-timeout or see the broker's log", where,
                          duration_text(options.acknowledge_timeout.value_or(Duration{0}))),
              ExitStatus::timed_out};
    case Kind::no_credentials:
      return {fmt::format("connection lost, and nothing to log in with again: {}", failure.reason_string),
              ExitStatus::connection_lost};
    case Kind::authentication_failed:
      return {fmt::format("authentication with {}: {}; check the password, and that it is the right broker", where,
                          failure.reason_string),
              failure.was_connected ? ExitStatus::connection_lost : ExitStatus::refused_at_connect};
    case Kind::no_pingresp:
      return {fmt::format("connection lost, {} did not answer PINGREQ; check the network", where),
              ExitStatus::connection_lost};
  }
  return {where, ExitStatus::connection_lost};
}

}  // namespace mqtk::cli
