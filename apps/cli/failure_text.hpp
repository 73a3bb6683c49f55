// One line with cause and remedy, and the exit status, for a connection that did not come about or did not last.
#pragma once

#include <string>

#include "cli/exit_status.hpp"
#include "client/connect_options.hpp"
#include "client/connection_failure.hpp"
#include "net/endpoint.hpp"

namespace mqtk::cli {

struct FailureText {
  std::string line;  // without the program's name and a final stop
  ExitStatus status;
};

// What comes next decides what can be advised: to someone who sees that it is tried again, not that it could be.
enum class Outlook : unsigned char {
  ended,        // nothing was, or will be, tried again
  tried_again,  // the next attempt comes by itself
  given_up,     // the reconnect policy has come to its end
};

// Of a failure with which a client with these options ended.
[[nodiscard]] Outlook outlook_at_end(const ConnectionFailure& failure, const ConnectOptions& options);

[[nodiscard]] FailureText describe(const ConnectionFailure& failure, const Endpoint& endpoint,
                                   const ConnectOptions& options, Outlook outlook = Outlook::ended);

// "Not authorized (0x87)", and ": TEXT" where the broker gave a Reason String.
[[nodiscard]] std::string reason_text(ReasonCode reason, PacketType packet, std::string_view reason_string);

// "10 s", "1.5 s", "200 ms"
[[nodiscard]] std::string duration_text(Duration duration);

}  // namespace mqtk::cli
