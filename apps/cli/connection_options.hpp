// The options that say where the broker is and how to connect: the same in every program.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/authentication_options.hpp"
#include "cli/cloud_service.hpp"
#include "cli/option_table.hpp"
#include "cli/preset.hpp"
#include "cli/secret.hpp"
#include "cli/transport_options.hpp"
#include "client/connect_options.hpp"
#include "net/endpoint.hpp"

namespace mqtk::cli {

// A program sets its own defaults (such as connect.reconnect) before add_connection_options. What the command line and
// the environment say is complete in `endpoint`, `connect` and the properties when parse() has returned.
struct ConnectionOptions {
  Endpoint endpoint;  // its credentials have moved to `connect`
  ConnectOptions connect;
  PropertyWriter publish_properties;
  PropertyWriter subscribe_properties;
  PropertyWriter unsubscribe_properties;
  bool version_given = false;             // by --mqtt-version
  bool broker_given = false;              // by an option, the environment or a profile
  std::shared_ptr<CloudAdvisor> advisor;  // of --preset; `connect` points to it

  // As typed, before it is put together. Not for programs.
  struct Target {
    std::optional<std::string> url;
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
  };
  struct Typed {
    Target option;
    Target environment;
    std::optional<SecretSource> password_source;
    std::optional<std::string> profile;
    TypedTransport transport;
    TypedPreset preset;
    TypedAuthentication authentication;
    std::optional<std::uint32_t> session_expiry;
    std::optional<std::uint16_t> receive_maximum;
    std::optional<std::uint32_t> maximum_packet_size;
    std::optional<std::uint16_t> topic_alias_maximum;
    WillOptions will;
    bool will_given = false;  // any of the will options
    bool property_given = false;
  } typed;
};

struct ConnectionUse {
  std::vector<PropertyScope> property_scopes;  // the packets that the program sends and --property may name
  // For the manual: what the program does without --reconnect. Nothing: it makes one attempt, and takes the options of
  // others, as profiles and pasted commands have them, without showing them.
  std::optional<std::string> reconnect_default = "no";
  // many: a load test, which has a broker of its own where none is given.
  enum class Clients : unsigned char { one, many };
  Clients clients = Clients::one;
};

// Adds the groups Connection, Session, Will and Properties, and the checks that put `options` together.
void add_connection_options(OptionTable& table, ConnectionOptions& options, const ConnectionUse& use);

}  // namespace mqtk::cli
