// Keep Alive: when a server gives a silent client up, when a client pings, and how long it waits for the answer.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "codec/rule.hpp"
#include "codec/types.hpp"

namespace mqtk {

class KeepAlive {
 public:
  // Before CONNECT is answered there is only the timeout of the handshake; Duration::max() is none.
  void begin_handshake(TimePoint now, Duration timeout);
  // From CONNACK on; `seconds` 0 switches the mechanism off.
  void begin(Role role, std::uint16_t seconds, TimePoint now);
  void stop() { phase_ = Phase::off; }

  void packet_received(TimePoint now) { last_received_ = now; }
  // A large packet may hold up the PINGRESP behind it: while bytes come, the peer is alive.
  void bytes_received(TimePoint now) {
    if (phase_ == Phase::client) waits_since_ = now;
  }
  void packet_sent(TimePoint now) { last_sent_ = now; }
  void pingreq_sent(TimePoint now, Duration timeout);  // of PINGRESP; Duration::max() is none
  void pingresp_received() { pingresp_due_ = false; }

  [[nodiscard]] std::uint16_t seconds() const { return seconds_; }

  // The next moment at which action() may be other than `none`. While packets come and go it only moves later.
  [[nodiscard]] std::optional<TimePoint> deadline() const;

  enum class Action : std::uint8_t { none, ping, fail };
  [[nodiscard]] Action action(TimePoint now) const;
  // What `fail` means.
  [[nodiscard]] Rule rule(Role role) const;

 private:
  enum class Phase : std::uint8_t { off, handshake, server, client };

  [[nodiscard]] TimePoint ping_at() const;
  [[nodiscard]] TimePoint fails_at() const;
  void set_timeout(Duration timeout);

  TimePoint last_received_{};
  TimePoint last_sent_{};
  TimePoint waits_since_{};                 // for the handshake or PINGRESP
  std::uint32_t timeout_milliseconds_ = 0;  // of either
  std::uint16_t seconds_ = 0;
  bool pingresp_due_ = false;
  Phase phase_ = Phase::off;
};

}  // namespace mqtk
