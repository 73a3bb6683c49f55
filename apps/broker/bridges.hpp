// The bridges of --bridge: runs them, and tells the log, $SYS and whoever asks how they are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/bridge_options.hpp"
#include "broker/broker.hpp"
#include "broker/broker_listener.hpp"
#include "client/bridge.hpp"
#include "net/timer.hpp"

namespace mqtk::broker_program {

struct BridgeFacts {
  std::string name = {};
  std::string url = {};  // without a password
  bool connected = false;
  BridgeCounters counters = {};
  std::string failure = {};  // why it is not connected
};

class Bridges final : BridgeListener {
 public:
  // All outlive the bridges; `events` is told what happens. $SYS is published this often, 0 is never.
  Bridges(Loop& loop, Broker& broker, BrokerListener& events, const std::vector<BridgeSettings>& settings,
          const std::string& identity, Duration system_topics_interval);

  void start();
  // `done` is called from the Loop, or at once if there are none.
  void stop(std::function<void()> done);

  [[nodiscard]] std::vector<BridgeFacts> facts() const;

 private:
  struct Entry {
    const BridgeSettings* settings;
    std::string client_identifier;  // at this broker
    std::unique_ptr<Bridge> bridge;
    std::string failure;  // told, and not over
  };

  void on_bridge_connected(Bridge& bridge, const Connected& connected) override;
  void on_bridge_lost(Bridge& bridge, const ConnectionFailure& failure) override;
  void on_bridge_stopped(Bridge& bridge, const ConnectionFailure& failure) override;
  void on_bridge_denied(Bridge& bridge, std::string_view topic_filter, std::string_view why) override;
  void on_bridge_drop(Bridge& bridge, BridgeDirection way, std::string_view topic, std::string_view why) override;

  [[nodiscard]] Entry& entry_of(const Bridge& bridge);
  void tell_failure(Entry& entry, std::string text);
  void publish_system_topics();
  void publish_system_topics(const Entry& entry);
  void publish_value(const Entry& entry, std::string_view what, const std::string& value);

  Loop& loop_;
  Broker& broker_;
  BrokerListener& events_;
  Duration interval_;
  std::vector<Entry> entries_;
  std::size_t running_ = 0;
  std::function<void()> done_;
  Timer system_topics_due_;
};

}  // namespace mqtk::broker_program
