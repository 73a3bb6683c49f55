// What the command line of mqtk-proxy says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/fault_options.hpp"
#include "cli/listening_options.hpp"
#include "cli/option_table.hpp"
#include "cli/transport_options.hpp"
#include "cli/view_options.hpp"
#include "client/connect_options.hpp"
#include "net/endpoint.hpp"

namespace mqtk::proxy {

struct Options {
  cli::ListeningOptions listening{.standard_port = 1884, .standard_tls_port = 8884};

  Endpoint broker;
  ConnectOptions connect;  // of it the way to the broker and the time limit: the proxy sends no CONNECT of its own
  std::vector<std::string> warnings;

  cli::ViewOptions viewing;
  bool verbose = false;
  cli::FaultOptions faults;

  std::uint64_t max_connections = 1000;
  std::size_t max_buffered_bytes = 1024UL * 1024;

  std::vector<std::string> command;  // to run while the proxy runs; empty for none

  // As typed, before it is put together.
  std::optional<std::string> to;
  std::optional<std::string> to_by_environment;
  cli::TypedTransport transport;
};

// The table stores into `options`, which must outlive it.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::proxy
