// What a client asks of the broker at CONNECT, and how patient it is.
//
// Owns its texts, unlike Connect, which is a view: a client needs them again at every reconnect.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "client/backoff.hpp"
#include "client/client_authentication.hpp"
#include "client/request_advisor.hpp"
#include "codec/packet.hpp"
#include "net/connector.hpp"
#include "net/endpoint.hpp"

namespace mqtk {

struct WillOptions {
  std::string topic;
  std::vector<std::uint8_t> payload;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  PropertyWriter properties;  // 5.0 only, Will Delay Interval among them
};

inline constexpr std::uint16_t default_in_flight = 1000;
// Before 5.0 brokers cannot announce a Receive Maximum, but close the connection above the one that they have; 20 is
// mosquitto's.
inline constexpr std::uint16_t unannounced_in_flight = 20;

struct ConnectOptions {
  Version version = Version::v5;
  // A broker that knows no 5.0 is asked again with 3.1.1, if nothing in these options needs 5.0.
  bool fall_back_to_v3_1_1 = false;

  std::string client_identifier;  // empty: 5.0 lets the broker choose, the older ones get a random one
  bool clean_start = true;        // of the first connection
  // 5.0, with clean_start and no Session Expiry Interval of the caller: the Session outlives a lost connection for
  // the time of the reconnect policy, at most this long, and ends with the client's DISCONNECT. So QoS 1 and 2 hold
  // across reconnects without leaving a Session behind.
  Duration session_between_reconnects = std::chrono::minutes{5};

  std::uint16_t keep_alive_seconds = 60;
  PropertyWriter properties;             // 5.0 only
  PropertyWriter disconnect_properties;  // 5.0 only, of the DISCONNECT at the end
  std::optional<std::string> user_name;
  std::optional<std::vector<std::uint8_t>> password;
  // Asked before every connection but the first for the password, such as a token that is renewed; null: it stays. It
  // may block. The error is one line.
  using Secret = std::expected<std::vector<std::uint8_t>, std::string>;
  std::function<Secret()> renew_password;
  // Likewise for where to connect, such as a URL that is signed for a short time.
  std::function<std::expected<Endpoint, std::string>()> renew_endpoint;
  // Makes the client's part of enhanced authentication for a connection, from the options as they are then; null: none
  // of its own. 5.0 only.
  std::function<std::unique_ptr<ClientAuthentication>(const ConnectOptions&)> authentication;
  std::optional<Duration> authenticate_again_after;  // with `authentication`: re-authenticates this often
  std::optional<WillOptions> will;

  // A bridge says so to a broker of 3.1.1 or 3.1, by a bit in the protocol level that mosquitto has made up: it is not
  // sent its own messages then, and retained ones come as such. Where that is refused, CONNECT comes again without.
  bool announce_bridge = false;

  // Takes the place of connecting to the endpoint, such as Broker::connect_in_process; null: the network.
  std::function<std::expected<std::unique_ptr<NetworkConnection>, NetError>()> open;

  AddressFamily address_family = AddressFamily::any;
  std::string bind_address;  // local address to connect from; empty: any
  TransportOptions transport;
  ConnectObserver* connect_observer = nullptr;  // told of the steps to the broker; outlives the client
  RequestAdvisor* advisor = nullptr;            // asked before each request; outlives the client
  ReconnectPolicy reconnect;
  Duration connect_timeout = std::chrono::seconds{10};  // one attempt, from the name lookup to the CONNACK
  // No acknowledgement at all for this long although some are due; nothing: wait for ever.
  std::optional<Duration> acknowledge_timeout;

  // The most QoS 1 and 2 messages in flight, if the broker's Receive Maximum allows more; without it
  // default_in_flight or, before 5.0 and from the first QoS 2 message on, unannounced_in_flight.
  std::optional<std::uint16_t> maximum_in_flight;

  // Topic Aliases set without being asked for, if the broker takes some; 5.0 only.
  std::uint16_t automatic_topic_aliases = 0;

  // The Application Message is acknowledged when the listener's on_message returns, or by Client::acknowledge.
  enum class Acknowledge : std::uint8_t { on_return, by_caller };
  Acknowledge acknowledge = Acknowledge::on_return;
};

}  // namespace mqtk
