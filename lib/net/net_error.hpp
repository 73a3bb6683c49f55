// What went wrong on the network: a std::error_code and what was being done when it came.
#pragma once

#include <string>
#include <system_error>

namespace mqtk {

// What no errno says. Everything else is an errno in std::system_category().
enum class NetFault {
  end_of_stream = 1,   // the peer closed its side in good order
  unknown_host,        // the name does not exist, or has no address of the wanted family
  name_lookup_failed,  // the name could not be looked up now; trying again may help
  timed_out,           // our own time limit for connecting ran out
  no_such_service,     // DNS has no SRV record of this name
};

[[nodiscard]] std::error_code make_error_code(NetFault fault);

// One line without a final stop: "connecting to localhost:1883 (127.0.0.1): connection refused".
struct NetError {
  std::string doing;
  std::error_code code;
  std::string detail = {};  // what makes the code precise: names, dates, the peer's words. Follows in parentheses

  [[nodiscard]] std::string text() const;
};

// What a program decides by: the exit status and whether trying again makes sense.
enum class NetFailure {
  unknown_host,
  refused,      // nobody listens there
  unreachable,  // no route, or the network is down
  timed_out,
  lost,            // an open connection ended or was reset
  unsupported,     // this build or this system cannot do it
  no_descriptors,  // the process or the system has no file descriptors left
  address_in_use,  // another program listens there
  forbidden,       // the system does not allow it, for example a port below 1024
  not_agreed,      // TLS, WebSocket or a proxy: both sides are there, but they do not come together
  other,
};

[[nodiscard]] NetFailure failure_of(std::error_code code);

}  // namespace mqtk

template <>
struct std::is_error_code_enum<mqtk::NetFault> : std::true_type {};
