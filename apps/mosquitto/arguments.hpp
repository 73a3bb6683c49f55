// The command line and options file of mosquitto_pub, mosquitto_sub and mosquitto_rr, read as those programs read them.
//
// Each word is one option; numbers are read leniently; what the tool does not know is refused.
#pragma once

#include <cstdint>
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/message_template.hpp"
#include "client/connect_options.hpp"
#include "codec/packet.hpp"
#include "net/connector.hpp"
#include "net/endpoint.hpp"

namespace mqtk::mosquitto {

enum class Tool : std::uint8_t { pub, sub, rr };

// "mosquitto_pub"
[[nodiscard]] std::string tool_name(Tool tool);

struct Arguments {
  enum class Source : std::uint8_t { none, text, empty, file, whole_input, lines };

  // As typed: names of files and the like.
  struct Tls {
    std::string ca_file;
    std::string ca_directory;
    std::string certificate_file;
    std::string key_file;
    std::string key_form;
    std::string engine;
    std::string engine_password_hash;
    std::string version;
    std::string ciphers;
    std::string alpn;
    std::string key_log_file;
    std::optional<std::string> psk;
    std::string psk_identity;
    bool any_host_name = false;
    bool system_authorities = false;
    bool off = false;  // whatever else is said
  };

  Tool tool = Tool::pub;
  // Where and how to connect
  std::string host = "localhost";
  std::optional<int> port;
  std::string unix_socket;
  std::string bind_address;
  std::string proxy_url;
  bool websocket = false;
  bool service_lookup = false;
  Tls tls;
  // The parts of the above that settle_transport has made of them.
  Transport transport = Transport::tcp;
  TransportOptions transport_options;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::optional<std::string> id;
  std::optional<std::string> id_prefix;
  Version version = Version::v3_1_1;
  int keep_alive = 60;
  bool clean = true;
  std::optional<std::uint32_t> session_expiry;
  int max_inflight = 20;
  bool debug = false;
  bool quiet = false;
  bool help = false;
  bool show_version = false;
  std::optional<WillOptions> will;
  std::string will_topic;
  std::optional<std::string> will_payload;
  bool will_retain = false;
  int will_qos = 0;
  PropertyWriter connect_properties;
  PropertyWriter publish_properties;
  PropertyWriter subscribe_properties;
  PropertyWriter unsubscribe_properties;
  PropertyWriter disconnect_properties;
  PropertyWriter will_properties;

  // Messages to send
  std::vector<std::string> topics;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  Source source = Source::none;
  std::string text;  // the message, or the file
  int repeat = 1;
  Duration repeat_delay{0};
  std::string response_topic;
  bool latency = false;

  // Messages to print
  std::vector<std::string> filtered_out;
  std::vector<std::string> unsubscribe;
  bool verbose = false;
  bool newline = true;
  bool pretty = false;
  std::string format_text;
  std::optional<cli::MessageTemplate> format;
  int count = 0;  // 0: no end
  int timeout_seconds = 0;
  bool exit_after_suback = false;
  bool watch = false;
  bool message_rate = false;
  bool hide_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
  std::optional<double> random_share;
};

// Text for stderr, or for stdout where nothing is wrong; the exit status is 1 either way.
struct Refusal {
  std::string error;
  std::string output = {};
};

// `words` without the program's name. Reads the options file first, if there is one.
[[nodiscard]] std::expected<Arguments, Refusal> parse_arguments(Tool tool, const std::vector<std::string>& words);
// The same with an options file that is open; one that cannot be read is as good as empty.
[[nodiscard]] std::expected<Arguments, Refusal> parse_arguments(Tool tool, const std::vector<std::string>& words,
                                                                std::istream& options_file);

// What the library below those programs refuses before it connects, in the line that they print unless --quiet is
// given.
[[nodiscard]] std::expected<void, std::string> check_identity(const Arguments& arguments);

// What --help prints.
[[nodiscard]] std::string usage_text(Tool tool);

}  // namespace mqtk::mosquitto
