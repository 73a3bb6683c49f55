// The exit status of every program. Scripts rely on the numbers: they never change.
#pragma once

#include <string_view>

namespace mqtk::cli {

enum class ExitStatus : int {
  done = 0,
  usage = 1,               // decided before connecting: bad option, bad value, bad topic, unreadable local file
  not_connected = 2,       // name lookup, refused, unreachable, TLS or WebSocket handshake
  refused_at_connect = 3,  // by the CONNACK
  refused_later = 4,       // a subscription denied, a publish refused, DISCONNECT of the broker
  connection_lost = 5,     // and not recovered within the reconnect policy
  timed_out = 6,
  malformed_input = 7,   // also a peer that broke the protocol
  assertion_failed = 8,  // a condition that the run was asked to check
  local_failure = 9,     // disk full, out of descriptors, cannot bind
};

[[nodiscard]] constexpr int to_int(ExitStatus status) { return static_cast<int>(status); }

// One sentence for the manual.
[[nodiscard]] std::string_view exit_status_text(ExitStatus status);

}  // namespace mqtk::cli
