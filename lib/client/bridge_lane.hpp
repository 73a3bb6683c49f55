// One direction of a bridge: what one Client receives another one publishes.
//
// It keeps nothing of its own but what one read has brought: a QoS 1 or 2 message is acknowledged to the broker that it
// came from when the broker that it went to has it, and while that one takes nothing, nothing is read.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "client/client.hpp"
#include "session/application_message.hpp"

namespace mqtk {

class BridgeLaneListener {
 public:
  // The other broker does not get the message, for good. The topic may be empty.
  virtual void on_not_forwarded(std::string_view topic, std::string_view why) = 0;
  virtual void on_forwarded(const ApplicationMessage& message) = 0;

 protected:
  ~BridgeLaneListener() = default;
};

class BridgeLane {
 public:
  // All outlive the lane. `source` has ConnectOptions::Acknowledge::by_caller.
  BridgeLane(Loop& loop, Client& source, Client& destination, BridgeLaneListener& listener)
      : loop_(loop), source_(source), destination_(destination), listener_(listener) {}

  // `source` has received this; the topic is that of the destination.
  void take(const Publish& publish);
  // `source` has received this, which goes nowhere.
  void leave(const Publish& publish);

  // Nothing is under way.
  [[nodiscard]] bool idle() const { return held_.empty() && open_.empty() && destination_.unfinished() == 0; }

  // What the listeners of the two Clients are told.
  void source_connected(bool session_present);
  void destination_connected(const Limits& limits) { limits_ = limits; }
  void ready_to_send();
  void publish_done(const PublishDone& done);

 private:
  struct Held {
    ApplicationMessage message;
    Tag tag;
  };
  // A QoS 1 or 2 message that `source` has not been acknowledged.
  struct Open {
    QoS qos;
    bool done = false;  // it can be, when `source` is connected again
  };

  [[nodiscard]] bool is_new(const Publish& publish);
  [[nodiscard]] Tag tag_of(const Publish& publish) const;
  // False if it has to wait.
  [[nodiscard]] bool forward(const Held& held);
  void settle(Tag tag);
  [[nodiscard]] ApplicationMessage fitted(const ApplicationMessage& message) const;

  Loop& loop_;
  Client& source_;
  Client& destination_;
  BridgeLaneListener& listener_;
  Limits limits_;
  std::deque<Held> held_;
  std::unordered_map<PacketIdentifier, Open> open_;
  std::uint32_t session_ = 0;  // counts the source's Sessions: a Packet Identifier of an earlier one means nothing
};

}  // namespace mqtk
