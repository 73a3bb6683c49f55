// An MQTT broker on a Loop: listeners, and everything that its clients do.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/access_control.hpp"
#include "broker/broker_listener.hpp"
#include "broker/broker_options.hpp"
#include "broker/broker_state.hpp"
#include "broker/fault_rules.hpp"
#include "broker/inspection.hpp"
#include "broker/state_storage.hpp"
#include "net/acceptor.hpp"
#include "net/endpoint.hpp"
#include "net/net_error.hpp"

namespace mqtk {

class Loop;

class Broker {
 public:
  // `loop` and `listener` outlive the broker. Does not run the loop.
  Broker(Loop& loop, const BrokerOptions& options, BrokerListener& listener);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();  // cuts all connections; shut_down() is the friendly way

  // Outlives the broker; null lets everybody do everything.
  void set_access_control(AccessControl* access_control);

  // Connections that come from now on are struck by these faults, and by those that are added later. Null ends that.
  void set_faults(std::shared_ptr<FaultRules> rules);

  // Brings back what an earlier broker kept in this directory, which is made if it is missing, and keeps there what
  // must outlive this one: Sessions that outlive their connections with their messages, and retained messages. Before
  // listen(). QoS 1 and 2 messages are acknowledged only when they are written. Where that fails, the listener is told
  // state_lost and the broker takes no more connections.
  struct KeptState {
    std::uint64_t sessions = 0;
    std::uint64_t retained = 0;
    std::uint64_t queued = 0;     // QoS 1 and 2 messages that wait for clients
    std::uint64_t cut_bytes = 0;  // at the end, damaged or incomplete, that were left out
    std::string damaged_log;      // where the log with them is kept; empty if nothing was cut
  };
  [[nodiscard]] std::expected<KeptState, NetError> keep_state(const std::string& directory, Durability durability);

  // Accepts clients there from now on. The value is the endpoint with the port that was really taken.
  [[nodiscard]] std::expected<Endpoint, NetError> listen(const Endpoint& endpoint, const AcceptorOptions& options = {});

  // The same with a socket that listens already; see Acceptor::adopt.
  [[nodiscard]] std::expected<Endpoint, NetError> adopt(FileDescriptor listening, const AcceptorOptions& options = {});

  // --- from the same process -----------------------------------------------------------------------------------------

  // One end of a connection whose other end is a client's at this broker: for a Client in the same Loop
  // (ConnectOptions::open). What it does is subject to no access control, limit of a service, or fault.
  [[nodiscard]] std::expected<std::unique_ptr<NetworkConnection>, NetError> connect_in_process();

  // Publishes in the broker's own name, $SYS topics, too.
  void publish(const Publish& message);

  // Stops listening, tells 5.0 clients why and closes all connections. `done` is called from the Loop when their last
  // bytes are written, or after a few seconds.
  void shut_down(std::function<void()> done);

  // --- its inside ---------------------------------------------------------------------------------------------------

  [[nodiscard]] const BrokerCounters& counters() const;
  [[nodiscard]] BrokerSizes sizes() const;
  [[nodiscard]] std::vector<SessionFacts> sessions() const;
  [[nodiscard]] std::vector<SubscriptionFacts> subscriptions() const;
  // Those that a subscription to this filter would get, in the order of their topics.
  [[nodiscard]] std::vector<ApplicationMessage> retained(std::string_view topic_filter) const;

  // False if no such client is connected. A 5.0 client is told the Reason Code.
  bool disconnect(std::string_view client_identifier, ReasonCode reason_code);

  // Disconnects everybody and forgets all Sessions and retained messages; no Will is published. The listeners stay.
  struct Forgotten {
    std::size_t clients;
    std::size_t sessions;
    std::size_t retained;
  };
  Forgotten reset();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mqtk
