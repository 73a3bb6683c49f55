// Mirrors topics between two brokers, as a client of both.
//
// The local one is meant to be a Broker of the same process (Broker::connect_in_process). While the remote one is away,
// so is the local Client: what is to go out waits in its Session, within the limits of the local broker, and nobody
// there waits for the remote.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/bridge_lane.hpp"
#include "client/bridge_topics.hpp"
#include "client/client.hpp"
#include "client/echo_memory.hpp"
#include "net/timer.hpp"

namespace mqtk {

struct BridgeOptions {
  BridgeTopics topics;
  Endpoint endpoint;      // of the remote broker
  ConnectOptions remote;  // version, login, Session …; `acknowledge` is set by the bridge
  // Client Identifier and `open`; the rest is set by the bridge.
  ConnectOptions local;
  // Of the local broker, unlike that of any other (BrokerOptions::bridge_identity); empty: it is not told, and two
  // brokers that bridge to each other send messages round and round.
  std::string identity;
};

struct BridgeCounters {
  std::uint64_t connects = 0;   // that the remote broker accepted
  std::uint64_t received = 0;   // messages from the remote broker that the local one was given
  std::uint64_t sent = 0;       // and the other way
  std::uint64_t dropped = 0;    // that the other side does not get
  std::uint64_t echoes = 0;     // own messages that came back and were left out
  std::uint64_t unmatched = 0;  // messages to topics that are not mirrored
};

class Bridge;

class BridgeListener {
 public:
  virtual void on_bridge_connected(Bridge& bridge, const Connected& connected) = 0;
  // The next attempt comes by itself.
  virtual void on_bridge_lost(Bridge& bridge, const ConnectionFailure& failure) = 0;
  // There is no further attempt: the failure is final, or the reconnect policy has come to its end.
  virtual void on_bridge_stopped(Bridge& bridge, const ConnectionFailure& failure) = 0;
  // A side does not let the bridge subscribe.
  virtual void on_bridge_denied(Bridge& bridge, std::string_view topic_filter, std::string_view why) = 0;
  // The topic may be empty.
  virtual void on_bridge_drop(Bridge& bridge, BridgeDirection way, std::string_view topic, std::string_view why) = 0;

 protected:
  ~BridgeListener() = default;
};

class Bridge {
 public:
  // Loop and listener outlive the bridge.
  Bridge(Loop& loop, BridgeOptions options, BridgeListener& listener);
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge();

  void start();
  // Says goodbye on both sides; `done` is called from the Loop.
  void stop(std::function<void()> done);

  [[nodiscard]] bool is_connected() const { return remote_.is_connected(); }
  [[nodiscard]] const BridgeCounters& counters() const { return counters_; }
  [[nodiscard]] const Endpoint& endpoint() const { return options_.endpoint; }

 private:
  class Local;
  class Remote;
  class Lane;
  // No Local and the like, which only 5.0 has.
  enum class Options : std::uint8_t { all, qos_only };

  [[nodiscard]] static BridgeOptions prepared(BridgeOptions options);
  void start_local();
  void let_local_go();
  void local_stopped(bool failed);
  void remote_connected(const Connected& connected);
  void remote_stopped(const ConnectionFailure* failure);
  void name_remote(std::string_view identity);
  void subscribe(Client& client, BridgeDirection way, RetainHandling handling, Tag tag, Options options = Options::all);
  void send_retained_again();
  void note_denials(const Suback& answer, BridgeDirection way, Tag tag);
  void take(const Publish& message, BridgeDirection way);
  void look_whether_all_arrived();
  void end_if_done();

  Loop& loop_;
  BridgeOptions options_;
  BridgeListener& listener_;
  BridgeCounters counters_;
  EchoMemory echoes_;
  bool sees_echoes_ = false;  // the remote broker sends back what it is sent
  bool local_subscribed_ = false;
  bool local_running_ = false;
  bool remote_running_ = false;
  bool stopping_ = false;
  std::function<void()> done_;
  int looks_left_ = 0;
  int quiet_looks_ = 0;
  std::uint64_t moved_before_ = 0;
  std::string remote_identity_;

  std::unique_ptr<Local> local_side_;
  std::unique_ptr<Remote> remote_side_;
  Client local_;
  Client remote_;
  std::unique_ptr<Lane> in_;
  std::unique_ptr<Lane> out_;
  Timer local_again_;
  Timer farewell_;
};

}  // namespace mqtk
