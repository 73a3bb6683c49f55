#include "session/keep_alive.hpp"

#include <algorithm>

namespace mqtk {
namespace {

constexpr std::uint32_t no_timeout = 0xFFFF'FFFF;

// A little before the interval is over [MQTT-3.1.2-20], so that the PINGREQ has time for its way.
Duration ping_interval(std::uint16_t seconds) { return std::chrono::milliseconds{seconds * 900}; }

}  // namespace

// Rounded up to whole milliseconds, at most 49 days.
void KeepAlive::set_timeout(Duration timeout) {
  constexpr std::chrono::milliseconds longest{no_timeout - 1};
  timeout_milliseconds_ = timeout == Duration::max()
                              ? no_timeout
                              : static_cast<std::uint32_t>(
                                    std::min(longest, std::chrono::ceil<std::chrono::milliseconds>(timeout)).count());
}

void KeepAlive::begin_handshake(TimePoint now, Duration timeout) {
  phase_ = Phase::handshake;
  waits_since_ = now;
  set_timeout(timeout);
}

void KeepAlive::begin(Role role, std::uint16_t seconds, TimePoint now) {
  seconds_ = seconds;
  last_received_ = last_sent_ = now;
  pingresp_due_ = false;
  phase_ = role == Role::client ? Phase::client : seconds == 0 ? Phase::off : Phase::server;
}

void KeepAlive::pingreq_sent(TimePoint now, Duration timeout) {
  if (!pingresp_due_) {
    waits_since_ = now;
    set_timeout(timeout);
  }
  pingresp_due_ = true;
  last_sent_ = now;
}

TimePoint KeepAlive::ping_at() const {
  if (seconds_ == 0) return TimePoint::max();
  // Who only sends would never learn that the peer is gone: silence of either side asks for a PINGREQ.
  const TimePoint quiet_since = pingresp_due_ ? last_sent_ : std::min(last_sent_, last_received_);
  return quiet_since + ping_interval(seconds_);
}

TimePoint KeepAlive::fails_at() const {
  switch (phase_) {
    case Phase::server: return last_received_ + std::chrono::milliseconds{seconds_ * 1500};  // [MQTT-3.1.2-22]
    case Phase::client:
      if (!pingresp_due_) return TimePoint::max();
      break;
    case Phase::handshake: break;
    case Phase::off: return TimePoint::max();
  }
  return timeout_milliseconds_ == no_timeout ? TimePoint::max()
                                             : waits_since_ + std::chrono::milliseconds{timeout_milliseconds_};
}

std::optional<TimePoint> KeepAlive::deadline() const {
  const TimePoint at = phase_ == Phase::client ? std::min(ping_at(), fails_at()) : fails_at();
  if (at == TimePoint::max()) return std::nullopt;
  return at;
}

KeepAlive::Action KeepAlive::action(TimePoint now) const {
  if (now >= fails_at()) return Action::fail;
  if (phase_ == Phase::client && now >= ping_at()) return Action::ping;
  return Action::none;
}

Rule KeepAlive::rule(Role role) const {
  if (phase_ == Phase::handshake) return role == Role::client ? Rule::connack_timeout : Rule::connect_timeout;
  return role == Role::client ? Rule::pingresp_timeout : Rule::keep_alive_timeout;
}

}  // namespace mqtk
