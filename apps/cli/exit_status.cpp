#include "cli/exit_status.hpp"

namespace mqtk::cli {

std::string_view exit_status_text(ExitStatus status) {
  switch (status) {
    case ExitStatus::done: return "Done as asked.";
    case ExitStatus::usage:
      return "Usage: unknown option, bad value, bad topic or unreadable local file; decided before "
             "connecting.";
    case ExitStatus::not_connected:
      return "Could not connect: name lookup, refused, unreachable, or a failed TLS or WebSocket handshake.";
    case ExitStatus::refused_at_connect: return "Refused by the broker's CONNACK.";
    case ExitStatus::refused_later:
      return "Refused by the broker later: a subscription denied, a publish refused, or DISCONNECT.";
    case ExitStatus::connection_lost: return "Connection lost and not recovered within the reconnect policy.";
    case ExitStatus::timed_out: return "A time limit ran out; the message says which.";
    case ExitStatus::malformed_input:
      return "Malformed input: problems found, a damaged file, or a peer that broke the protocol.";
    case ExitStatus::assertion_failed: return "A condition that the run was asked to check does not hold.";
    case ExitStatus::local_failure: return "Local failure: disk full, out of descriptors, cannot bind.";
  }
  return "";
}

}  // namespace mqtk::cli
