#include "mosquitto/conversation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <random>

#include "cli/output.hpp"
#include "net/tls_fault.hpp"

namespace mqtk::mosquitto {
namespace {

constexpr int exit_lost = 7;
constexpr int exit_timed_out = 27;
constexpr int exit_never_connected = 255;
constexpr std::string_view protocol_error =
    "Error: A network protocol error occurred when communicating with the broker.";

bool is_stream(const Arguments& arguments) { return arguments.source == Arguments::Source::lines; }

Endpoint endpoint(const Arguments& arguments) {
  Endpoint endpoint{.transport = arguments.transport, .host = arguments.host};
  endpoint.port = static_cast<std::uint16_t>(arguments.port.value_or(0));
  endpoint.path = arguments.unix_socket;
  if (arguments.websocket) endpoint.path = "/mqtt";
  return endpoint;
}

// 5.0 lets the broker choose.
std::string client_identifier(const Arguments& arguments) {
  if (arguments.id_prefix) return *arguments.id_prefix + std::to_string(::getpid());
  if (arguments.id || arguments.version == Version::v5) return arguments.id.value_or("");
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr int count = 18;  // with what stands before them 23, which is the most that 3.1 allows
  std::random_device random;
  std::uniform_int_distribution<std::size_t> choose(0, letters.size() - 1);
  std::string identifier = "mosq-";
  for (int i = 0; i < count; ++i) identifier += letters[choose(random)];
  return identifier;
}

ConnectOptions connect_options(const Arguments& arguments) {
  ConnectOptions options;
  options.version = arguments.version;
  options.client_identifier = client_identifier(arguments);
  options.clean_start = arguments.clean;
  options.session_between_reconnects = Duration{0};
  options.keep_alive_seconds = static_cast<std::uint16_t>(arguments.keep_alive);
  options.properties = arguments.connect_properties;
  if (arguments.session_expiry.value_or(0) > 0) {
    options.properties.add(PropertyId::session_expiry_interval, *arguments.session_expiry);
  }
  if (!options.properties.block().find(PropertyId::receive_maximum)) {
    // With few messages to take, the broker shall keep the others.
    const int wanted = arguments.tool == Tool::rr ? 1 : arguments.count;
    const bool few = wanted > 0 && wanted < 20;
    options.properties.add(PropertyId::receive_maximum, static_cast<std::uint32_t>(few ? wanted : 20));
  }
  options.disconnect_properties = arguments.disconnect_properties;
  options.user_name = arguments.user_name;
  if (arguments.password) options.password.emplace(arguments.password->begin(), arguments.password->end());
  options.will = arguments.will;
  options.bind_address = arguments.bind_address;
  options.transport = arguments.transport_options;
  options.maximum_in_flight = static_cast<std::uint16_t>(std::min(arguments.max_inflight, 65'535));
  const bool reconnects = arguments.tool != Tool::pub || is_stream(arguments);
  options.reconnect.attempts = reconnects ? ReconnectPolicy::forever : 0;
  options.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  options.reconnect.longest_delay = options.reconnect.shortest_delay;
  options.acknowledge = ConnectOptions::Acknowledge::by_caller;
  return options;
}

std::string_view connack_text(int code) {
  switch (code) {
    case 1: return "Connection Refused: unacceptable protocol version.";
    case 2: return "Connection Refused: identifier rejected.";
    case 3: return "Connection Refused: broker unavailable.";
    case 4: return "Connection Refused: bad user name or password.";
    case 5: return "Connection Refused: not authorised.";
    default: return "Connection Refused: unknown reason.";
  }
}

// As strerror() says it, which our own layers say in lower case.
std::string system_text(std::error_code code) {
  switch (failure_of(code)) {
    case NetFailure::refused: return "Connection refused";
    case NetFailure::timed_out: return "Connection timed out";
    default: return code.message();
  }
}

}  // namespace

void tell(const Arguments& arguments, std::string_view line) {
  if (arguments.quiet) return;
  const std::string text = fmt::format("{}\n", line);
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

Conversation::Conversation(const Arguments& arguments)
    : arguments_(arguments),
      debug_(arguments),
      client_(loop_, endpoint(arguments), connect_options(arguments), *this),
      time_limit_(loop_, [this] { timed_out(); }) {
  if (arguments.debug) client_.observe(&debug_);
}

int Conversation::run() {
  if (arguments_.timeout_seconds > 0)
    time_limit_.arm(loop_.refresh_now() + std::chrono::seconds{arguments_.timeout_seconds});
  client_.start();
  loop_.run();
  return status_;
}

void Conversation::end(int status, ReasonCode reason) {
  if (ending_) return;
  ending_ = true;
  debug_.end();
  status_ = status;
  client_.stop(arguments_.version == Version::v5 ? reason : ReasonCode::success);
}

void Conversation::print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return end(errno == EPIPE ? 0 : 1);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Conversation::timed_out() {
  if (!was_connected_) {
    status_ = exit_never_connected;
    return loop_.stop();
  }
  tell(arguments_, "Timed out");
  end(exit_timed_out, ReasonCode::disconnect_with_will_message);
}

// The library of Mosquitto's clients queues the acknowledgement before it hands the message on, which shows in -d. It
// is not on its way before the message is written: that happens at the end of the turn.
void Conversation::acknowledge(const Publish& message) {
  if (message.qos != QoS::at_most_once) client_.acknowledge(message.packet_identifier);
}

void Conversation::on_connected(const Connected& connected) {
  (void)connected;
  was_connected_ = true;
}

void Conversation::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) status_ = told(*failure);
  loop_.stop();
}

int Conversation::refused(int code, bool v5) const {
  std::string why{v5 ? reason_name(static_cast<ReasonCode>(code), PacketType::connack) : connack_text(code)};
  if (v5 && static_cast<ReasonCode>(code) == ReasonCode::unsupported_protocol_version) {
    why += arguments_.tool == Tool::rr ? ". mosquitto_rr only supports connecting to an MQTT v5 broker"
                                       : ". Try connecting to an MQTT v5 broker, or use MQTT v3.x mode.";
  }
  tell(arguments_, fmt::format("Connection error: {}", why));
  if (arguments_.tool == Tool::pub) tell(arguments_, v5 ? protocol_error : "Error: The connection was refused.");
  return code;
}

int Conversation::told(const ConnectionFailure& failure) {
  using Kind = ConnectionFailure::Kind;
  const bool v5 = failure.version == Version::v5;
  switch (failure.kind) {
    case Kind::could_not_connect:
      if (failure_of(failure.network.code) == NetFailure::unknown_host) {
        tell(arguments_, "Unable to connect (Lookup error.).");
      } else if (is_tls_fault(failure.network.code)) {
        // The first line is what scripts know, the second one says why.
        tell(arguments_, fmt::format("Unable to connect (A TLS error occurred.).\nError: {}.", failure.network.text()));
      } else {
        tell(arguments_, fmt::format("Error: {}", system_text(failure.network.code)));
      }
      return 1;
    case Kind::refused: return refused(static_cast<int>(failure.reason), v5);
    case Kind::disconnected:
      if (arguments_.tool != Tool::pub) return 0;
      break;
    case Kind::protocol_broken:
      // A broker of an older version refuses with a code that 5.0 does not have.
      if (v5 && !was_connected_ && failure.fault.rule == Rule::connack_reason_code) {
        return refused(static_cast<int>(ReasonCode::unsupported_protocol_version), v5);
      }
      [[fallthrough]];
    case Kind::connect_not_valid:
    case Kind::request_not_valid: tell(arguments_, protocol_error); return 2;
    default: break;
  }
  tell(arguments_, "Error: The connection was lost.");
  return exit_lost;
}

}  // namespace mqtk::mosquitto
