// What a broker allows and promises. Every limit has a default, so that no client can make it grow without bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "session/limits.hpp"

namespace mqtk {

class AccessRules;

// What only services in the cloud limit, unless said by service_profile.hpp nothing.
struct ServiceLimits {
  std::optional<Version> only_version;  // others are refused with 0x84 Unsupported Protocol Version
  std::uint16_t max_client_identifier_bytes = 65'535;
  std::uint16_t max_client_identifier_bytes_before_v5 = 65'535;
  std::uint16_t max_topic_bytes = 65'535;               // of Topic Names and Topic Filters
  std::uint32_t max_payload_bytes = 0xFFFF'FFFF;        // more ends the connection with 0x95 Packet too large
  std::uint32_t max_filters_per_subscribe = 65'535;     // those beyond are answered with 0x97 Quota exceeded
  std::optional<std::uint16_t> max_keep_alive_seconds;  // Server Keep Alive of clients that ask for more, or for none
  std::uint32_t max_session_expiry_before_v5_seconds = never_expires;
  bool retains_messages = true;
  std::uint32_t max_retained_payload_bytes = 0xFFFF'FFFF;  // larger ones are not retained: 0x97 Quota exceeded
  bool multi_level_covers_parent = true;                   // the filter a/# matches a
  // Else CONNECT and SUBSCRIBE with User Properties are refused with 0x83 Implementation specific error.
  bool takes_user_properties_everywhere = true;
  std::shared_ptr<const AccessRules> topics;  // beside access control; null: all
};

struct BrokerOptions {
  // What CONNACK announces to 5.0 clients and the broker enforces for all. The Receive Maximum bounds what a publisher
  // may have unfinished, the Topic Alias Maximum the topics kept for it.
  Limits limits{.maximum_packet_size = 16U * 1024 * 1024, .receive_maximum = 1024, .topic_alias_maximum = 32};

  Duration connect_timeout = std::chrono::seconds{10};  // from the connection to the whole CONNECT
  std::uint32_t max_connections = 100'000;              // more are refused with 0x97 Quota exceeded
  std::uint32_t max_sessions = 200'000;                 // of clients that are there or away
  // These have no limit by default: many clients may be behind one address, and come back all at once.
  std::uint32_t max_connections_per_address = 0;  // 0: any; more are refused with 0x97 Quota exceeded
  std::uint32_t max_connections_per_second = 0;   // 0: any; of all; more are refused with 0x9F
  std::uint32_t max_publishes_per_second = 0;     // 0: any; of one client, which is read more slowly then

  // Given to 5.0 clients as Server Keep Alive if set [MQTT-3.2.2-22].
  std::optional<std::uint16_t> server_keep_alive_seconds;
  // The longest Session Expiry Interval granted; for 3.1.1 and 3.1 what Clean Session 0 means.
  std::uint32_t max_session_expiry_seconds = never_expires;
  // Sent where a 5.0 client requests it; empty for none.
  std::string response_information;

  std::uint32_t max_subscriptions_per_client = 20'000;  // more are answered with 0x97 Quota exceeded
  std::uint16_t max_topic_levels = 200;                 // 0x8F for a filter, 0x90 for a Topic Name

  // QoS 1 and 2 messages sent to one client and not finished; its own Receive Maximum may be lower.
  std::uint16_t max_in_flight = 1024;

  // What waits for one client that is away or slow, QoS 1 and 2. For a client that is there, publishers are slowed
  // from half of it on. At the limit a client that is there is disconnected with 0x97 Quota exceeded; for one that is
  // away newer messages are dropped and counted.
  std::uint32_t max_queued_messages = 100'000;
  std::uint64_t max_queued_bytes = 64U * 1024 * 1024;

  // Encoded bytes that wait for the network, per client. From the first on its publishers are slowed and its QoS 1 and
  // 2 messages wait in its Session; beyond the second QoS 0 messages are dropped and counted.
  std::uint32_t output_high_water_bytes = 1024U * 1024;
  std::uint32_t max_output_bytes = 16U * 1024 * 1024;

  // A client that takes nothing for so long no longer slows the publishers of QoS 0 messages, which are then dropped
  // for it from the high water mark on, and of QoS 1 and 2 messages.
  Duration at_most_once_patience = std::chrono::milliseconds{500};
  Duration patience = std::chrono::seconds{10};

  // Retained messages in all; a message beyond is delivered but not retained (QoS 1 and 2 in 5.0: refused with 0x97
  // Quota exceeded), and counted.
  std::uint32_t max_retained_messages = 1'000'000;
  std::uint64_t max_retained_bytes = 256U * 1024 * 1024;

  // The log of the kept state is written anew when it is twice as large as when it began, and so many bytes more.
  std::uint64_t state_log_growth_bytes = 16U * 1024 * 1024;

  // $SYS topics are published this often; 0 is never.
  Duration system_topics_interval = std::chrono::seconds{10};

  // Of a broker that bridges to others: unlike that of any other broker. Bridges of other brokers are told in CONNACK,
  // so that no message goes round. See bridge_peer.hpp.
  std::string bridge_identity;

  ServiceLimits service;

  // Makes hash tables and assigned Client Identifiers unpredictable.
  std::uint64_t seed = 0;
};

}  // namespace mqtk
