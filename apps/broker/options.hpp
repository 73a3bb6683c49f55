// The options of mqtk-broker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/bridge_options.hpp"
#include "broker/broker_options.hpp"
#include "broker/credentials.hpp"
#include "broker/lifetime.hpp"
#include "cli/fault_options.hpp"
#include "cli/listening_options.hpp"
#include "cli/option_table.hpp"

namespace mqtk::broker_program {

struct Options {
  cli::ListeningOptions listening;
  CredentialOptions credentials;
  int verbose = 0;  // 1: connection events; 2: packets, too; 3: with their bytes
  std::optional<std::string> ready_file;
  std::string control;  // socket to be asked over; empty for none
  std::optional<std::uint16_t> metrics_port;
  std::vector<BridgeSettings> bridges;
  cli::FaultOptions faults;
  LifetimeOptions lifetime;
  std::string expectation_file;      // empty: nothing is expected
  std::string record_file;           // empty: no record
  std::string trace_file;            // empty: no trace
  std::string state_dir;             // empty: nothing is kept on a disk
  bool fsync = false;                // survives a power cut, too
  std::vector<std::string> command;  // to run while the broker runs; empty for none
  bool command_is_marked = false;    // it stands behind --
  BrokerOptions broker;
};

[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::broker_program
