// A broker's Session State for one client, without the subscriptions, which the broker's index holds.
#pragma once

#include <optional>
#include <string>

#include "session/session_state.hpp"

namespace mqtk {

struct BrokerSession : SessionState {
  std::string client_identifier;
  DeliveryQueue pending;  // QoS 1 and 2 messages for a client that is away or whose window is full, in order
  WillMessage will;
  std::uint32_t expiry_interval = 0;  // seconds; never_expires as in 5.0

  [[nodiscard]] bool connected() const { return disconnected_at_ == there; }
  void connection_opened() { disconnected_at_ = there; }
  void connection_closed(TimePoint now) { disconnected_at_ = now; }
  [[nodiscard]] std::optional<TimePoint> disconnected_at() const {
    if (connected()) return std::nullopt;
    return disconnected_at_;
  }

  // When the Session ends; nothing while connected or if it never ends [MQTT-4.1.0-2].
  [[nodiscard]] std::optional<TimePoint> ends_at() const;
  // When the Will is to be published: its delay or the end of the Session, whichever comes first [MQTT-3.1.2-8];
  // nothing while connected or without a Will.
  [[nodiscard]] std::optional<TimePoint> will_due() const;

 private:
  static constexpr TimePoint there = TimePoint::max();
  TimePoint disconnected_at_{};
};

}  // namespace mqtk
