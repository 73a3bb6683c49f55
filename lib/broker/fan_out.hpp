// Takes one message to everyone who subscribed to it.
//
// A PUBLISH is encoded once for each wire layout, and what is encoded is appended to the output of every receiver.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "broker/back_pressure.hpp"
#include "broker/broker_state.hpp"
#include "session/publish_image.hpp"

namespace mqtk {

class FanOut {
 public:
  FanOut(BrokerState& state, BackPressure& back_pressure) : state_(state), back_pressure_(back_pressure) {}

  // A message that `connection`'s client published. Returns how many subscriptions it went to.
  std::size_t publish(const Publish& publish, BrokerConnection& connection, const Session& publisher, TimePoint now);

  // A Will Message of `publisher`, or a message of the broker itself (null).
  std::size_t publish(const ApplicationMessage& message, const Session* publisher, TimePoint now);

  // Deliveries of Shared Subscriptions whose client is gone, to other members of their groups.
  void deliver_again(std::span<const Delivery> deliveries, TimePoint now);

 private:
  struct Image {
    PublishImage encoded;
    PublishLayout layout;
    std::vector<std::uint8_t> identifiers;  // that layout views
    bool sendable = false;
  };
  // The message of the moment.
  struct Source {
    const Publish* publish = nullptr;  // null: `message` is all there is
    ApplicationMessage message;        // made when the first receiver needs one
    BrokerConnection* connection = nullptr;
    const Session* publisher = nullptr;
    TimePoint now{};
    std::string_view topic;
    QoS qos = QoS::at_most_once;
    bool retain = false;
  };
  // One copy for one client.
  struct Copy {
    Session* session = nullptr;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    Tag group = 0;
  };

  std::size_t distribute();
  [[nodiscard]] bool merge(std::span<const Match> matches, Copy& copy);
  [[nodiscard]] bool choose_member(SharedGroup& group, Copy& copy);
  void deliver_to_bridges();
  void deliver(const Copy& copy);
  void send_or_queue(const Copy& copy);
  void queue(const Copy& copy);
  [[nodiscard]] Image& image_for(Version version, const Copy& copy);
  [[nodiscard]] Delivery delivery_for(const Copy& copy);
  [[nodiscard]] const ApplicationMessage& message();
  void retain();

  BrokerState& state_;
  BackPressure& back_pressure_;
  Source source_;
  std::vector<std::uint8_t> identifiers_;  // Subscription Identifiers of the copy of the moment, encoded
  std::vector<Copy> to_bridges_;           // of the message of the moment
  std::vector<std::unique_ptr<Image>> images_;
  std::size_t images_used_ = 0;
};

}  // namespace mqtk
