#include "broker/log.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/hex.hpp"
#include "base/time.hpp"
#include "broker/packet_text.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {
namespace {

// Clients choose identifiers and topics: none of their characters may move the cursor or end the line.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      result.push_back(c);
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string with_reason(std::string_view what, ReasonCode code, PacketType packet) {
  return fmt::format("{}: 0x{:02x} {}", what, static_cast<unsigned>(code), reason_name(code, packet));
}

std::string text_of(const BrokerEvent& event) {
  using Type = BrokerEvent::Type;
  switch (event.type) {
    case Type::connected:
      return fmt::format("connected from {}, MQTT {}, {}", event.peer_address, version_text(event.version),
                         event.detail);
    case Type::refused:
      return with_reason(fmt::format("refused, from {}", event.peer_address), event.reason_code, PacketType::connack) +
             (event.detail.empty() ? "" : fmt::format("; {}", event.detail));
    case Type::disconnected: return with_reason("disconnected", event.reason_code, PacketType::disconnect);
    case Type::connection_lost: return fmt::format("connection from {} lost: {}", event.peer_address, event.detail);
    case Type::failed: {
      const RuleInfo& rule = rule_info(event.fault.rule);
      const std::string_view id = statement(event.fault.rule, event.version);
      return fmt::format("connection from {} closed: {}{}", event.peer_address, rule.text,
                         id.empty() ? std::string{} : fmt::format(" [{}]", id));
    }
    case Type::closed_by_broker: return with_reason("closed by the broker", event.reason_code, PacketType::disconnect);
    case Type::session_ended: return "session ended";
    case Type::subscribed:
      return with_reason(fmt::format("subscribed to '{}'", event.topic), event.reason_code, PacketType::suback);
    case Type::unsubscribed:
      return with_reason(fmt::format("unsubscribed from '{}'", event.topic), event.reason_code, PacketType::unsuback);
    case Type::will_published: return fmt::format("will published to '{}'", event.topic);
    case Type::message_dropped: return {};
    case Type::message_not_retained:
      return fmt::format("message to '{}' not retained: there are too many retained messages", event.topic);
    case Type::publishers_slowed: return "takes its messages too slowly: its publishers wait";
    case Type::fault_injected: return fmt::format("fault: {}", event.detail);
    case Type::state_lost: return fmt::format("cannot write to the state directory: {}", event.detail);
    case Type::snapshot_failed:
      return fmt::format(
          "cannot write the state anew: {}. The log goes on growing, and it is tried again when it has grown more",
          event.detail);
    case Type::accept_failed:
    case Type::bridge_connected:
    case Type::bridge_lost: return std::string{event.detail};
    case Type::bridge_denied:
      return fmt::format("'{}' is not mirrored, the subscription was denied: {}", event.topic, event.detail);
  }
  return {};
}

bool is_trouble(BrokerEvent::Type type) {
  return type == BrokerEvent::Type::message_not_retained || type == BrokerEvent::Type::accept_failed ||
         type == BrokerEvent::Type::fault_injected || type == BrokerEvent::Type::state_lost ||
         type == BrokerEvent::Type::snapshot_failed || type == BrokerEvent::Type::bridge_connected ||
         type == BrokerEvent::Type::bridge_lost || type == BrokerEvent::Type::bridge_denied;
}

}  // namespace

Log::Log(Loop& loop, int verbose) : loop_(loop), verbose_(verbose), drops_timer_(loop, [this] { write_drops(); }) {}

Log::~Log() { write_drops(); }

void Log::on_event(const BrokerEvent& event) {
  if (event.type == BrokerEvent::Type::message_dropped) return count_drop(event);
  if (verbose_ > 0 || is_trouble(event.type)) line(event.client_identifier, text_of(event));
}

// The first one is told at once, those that follow once a second.
void Log::count_drop(const BrokerEvent& event) {
  const auto key = std::pair{std::string{event.client_identifier}, std::string{event.detail}};
  const auto known = drops_.find(key);
  if (known != drops_.end()) {
    known->second += event.count;
    return;
  }
  line(event.client_identifier,
       event.topic.empty()
           ? fmt::format("{} {} dropped: {}", event.count, event.count == 1 ? "message" : "messages", event.detail)
           : fmt::format("message to '{}' dropped: {}", event.topic, event.detail));
  drops_.emplace(key, 0);
  if (!drops_timer_.is_armed()) drops_timer_.arm(loop_.now() + std::chrono::seconds{1});
}

void Log::write_drops() {
  for (const auto& [key, count] : drops_) {
    if (count > 0) line(key.first, fmt::format("{} more messages dropped: {}", count, key.second));
  }
  drops_.clear();
}

void Log::on_packet(const PassingPacket& packet) {
  std::string text = fmt::format("{} {}", packet.direction == PacketDirection::to_broker ? "<-" : "->",
                                 packet_text(packet.head, packet.tail, packet.version, packet.direction));
  if (verbose_ > 2) text += fmt::format(": {}{}", to_hex(packet.head), to_hex(packet.tail));
  line(packet.client_identifier, text);
}

void Log::line(std::string_view client_identifier, std::string_view text) const {
  const std::string time = rfc3339(loop_.wall_now());
  // Milliseconds are enough to read.
  const std::string whole = fmt::format("{}Z {}{}{}", std::string_view{time}.substr(0, 23), client_identifier,
                                        client_identifier.empty() ? "" : ": ", text);
  const std::string safe = escaped(whole) + '\n';
  std::fwrite(safe.data(), 1, safe.size(), stderr);
}

}  // namespace mqtk::broker_program
