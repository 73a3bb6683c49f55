// What happens in a broker, for logs and tests. The library itself prints nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "broker/drop_reason.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"
#include "codec/types.hpp"

namespace mqtk {

// All views die with the call.
struct BrokerEvent {
  enum class Type : std::uint8_t {
    connected,         // CONNACK with success: version, detail says whether the Session was present
    refused,           // CONNACK with reason_code; detail may say more, for the log
    disconnected,      // the client sent DISCONNECT: reason_code
    connection_lost,   // the network ended it: detail
    failed,            // the client broke a rule or was silent for too long: fault
    closed_by_broker,  // reason_code: taken over, shutting down, quota …
    session_ended,     // expired, or was not to be kept
    subscribed,        // topic is the filter, reason_code as in SUBACK
    unsubscribed,
    will_published,        // topic
    message_dropped,       // drop_reason; count; topic of one of them, may be empty; detail says why
    message_not_retained,  // topic: retained messages are at their limit
    publishers_slowed,     // because of this client, which takes its messages too slowly
    fault_injected,        // on command; topic of a PUBLISH; detail says the packet and the rule
    state_lost,            // what is to be kept cannot be written: detail. All connections are cut
    snapshot_failed,       // the log of what is kept cannot be written anew, the old one counts on: detail
    accept_failed,         // out of descriptors or memory: detail. Accepting goes on by itself
    bridge_connected,      // of a bridge to another broker, by whoever runs it: detail
    bridge_lost,           // or did not come about: detail
    bridge_denied,         // topic is the filter of which nothing is mirrored; detail says why
  };
  Type type{};
  ReasonCode reason_code = ReasonCode::success;
  QoS qos = QoS::at_most_once;
  Version version = Version::v5;
  DropReason drop_reason = DropReason::refused;
  std::uint64_t count = 1;
  Fault fault = {};
  std::string_view client_identifier = {};
  std::string_view peer_address = {};  // empty where there is no connection
  std::string_view topic = {};
  std::string_view detail = {};
};

// "connected", "message_dropped" …
[[nodiscard]] std::string_view event_name(BrokerEvent::Type type);

enum class PacketDirection : std::uint8_t { to_broker, to_client };

// A whole packet on its way, in one or two parts. Views die with the call.
struct PassingPacket {
  std::uint64_t connection;            // its number, the same for all packets of one
  std::string_view client_identifier;  // empty before CONNECT is answered
  Version version;
  PacketDirection direction;
  Bytes head;
  Bytes tail;
};

class BrokerListener {
 public:
  virtual ~BrokerListener() = default;
  virtual void on_event(const BrokerEvent& /*event*/) {}

  // Asked once for each connection, when it opens.
  [[nodiscard]] virtual bool wants_packets() const { return false; }
  virtual void on_packet(const PassingPacket& /*packet*/) {}
  // One whose packets were shown.
  virtual void on_connection_closed(std::uint64_t /*connection*/) {}

  // Asked once for each connection, when it opens, and at each Will.
  [[nodiscard]] virtual bool wants_messages() const { return false; }
  // A message that a client published and the broker took, and that goes to its receivers now; a Will Message, too.
  virtual void on_message(std::string_view /*client_identifier*/, const Publish& /*publish*/) {}
};

}  // namespace mqtk
