// A client's Session State, kept across its Network Connections.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "session/session_state.hpp"

namespace mqtk {

struct ClientSession {
  SessionState state;

  // Whether a Session may exist: set by the engine at CONNACK. A program that takes up the Session of an earlier run
  // sets it itself: else Session Present 1 closes a 5.0 connection [MQTT-3.2.2-4].
  bool exists = false;

  // Seconds that the Session outlives its connection, as agreed; 0 and never_expires as in the specification. 3.1.1:
  // never_expires with Clean Session 0. Kept by the engine.
  std::uint32_t expiry_interval = 0;

  // PUBLISH packets that were unfinished when the server turned out to have forgotten the Session, in order. The engine
  // appends them at CONNACK; the client takes them out, to publish them anew or to report them.
  std::vector<InFlight> abandoned;

  // To be called when the Network Connection is gone, and before the next CONNECT: a Session whose time is over ends.
  void connection_closed(TimePoint now);
  void before_connect(TimePoint now);
  // Throws the state away; what was unfinished is abandoned.
  void end();

 private:
  TimePoint ends_at_ = TimePoint::max();
};

}  // namespace mqtk
