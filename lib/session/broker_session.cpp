#include "session/broker_session.hpp"

#include <algorithm>

namespace mqtk {

std::optional<TimePoint> BrokerSession::ends_at() const {
  if (connected() || expiry_interval == never_expires) return std::nullopt;
  return disconnected_at_ + std::chrono::seconds{expiry_interval};
}

std::optional<TimePoint> BrokerSession::will_due() const {
  if (connected() || !will) return std::nullopt;
  const TimePoint delayed = disconnected_at_ + std::chrono::seconds{will.delay_seconds};
  const std::optional<TimePoint> end = ends_at();
  return end ? std::min(delayed, *end) : delayed;
}

}  // namespace mqtk
