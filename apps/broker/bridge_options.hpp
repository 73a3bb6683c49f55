// The options of bridges: --bridge begins one, and what follows it on the command line belongs to it.
#pragma once

#include <string>
#include <vector>

#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"
#include "client/bridge_topics.hpp"

namespace mqtk::broker_program {

struct BridgeSettings {
  std::string place;                      // as typed: a URL, or the name of a profile
  std::string name;                       // for logs and topics: that of the option, or host and port
  std::vector<std::string> client_words;  // of --bridge-option, as options of a client
  BridgeTopics topics;
  cli::ConnectionOptions connection;  // complete when the command line has been read
};

// Adds the group Bridges, and the check that completes them.
void add_bridge_options(cli::OptionTable& table, std::vector<BridgeSettings>& bridges);

}  // namespace mqtk::broker_program
