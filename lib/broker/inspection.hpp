// What a broker holds at a moment, copied out: for people and tests that look inside, not for every turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/types.hpp"

namespace mqtk {

struct SessionFacts {
  std::string client_identifier = {};
  bool connected = false;
  std::string peer_address = {};  // of a client that is connected, as its version and Keep Alive
  Version version = Version::v5;
  std::uint16_t keep_alive_seconds = 0;
  std::uint32_t session_expiry_seconds = 0;  // never_expires as in 5.0
  std::uint32_t subscriptions = 0;
  std::uint64_t in_flight = 0;  // QoS 1 and 2 messages sent and not finished
  std::uint64_t queued = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t unsent_bytes = 0;  // that wait for the network
  std::uint64_t dropped = 0;       // messages that this client missed
  bool will = false;
};

struct BrokerSizes {
  std::uint64_t sessions = 0;
  std::uint64_t subscriptions = 0;
  std::uint64_t retained_messages = 0;
};

struct SubscriptionFacts {
  std::string client_identifier = {};
  std::string topic_filter = {};  // $share/name/ included
  QoS qos = QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;  // Subscription Identifier, 0 for none
};

class BrokerCore;

// In the order of the Client Identifiers, and of the filters.
[[nodiscard]] std::vector<SessionFacts> sessions_of(BrokerCore& core);
[[nodiscard]] std::vector<SubscriptionFacts> subscriptions_of(BrokerCore& core);

}  // namespace mqtk
