#include "proxy/options.hpp"

#include <fmt/format.h>

#include "cli/setters.hpp"

namespace mqtk::proxy {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-proxy",
      .summary = "stand between client and broker: show packets live, inject faults",
      .synopsis = {"[OPTION]... [--listen URL]... [--to URL]",
                   "[OPTION]... [--listen URL]... [--to URL] -- COMMAND [ARGUMENT]..."},
      .description =
          "Clients connect to the proxy, which connects to the broker for each of them and passes on what both sides "
          "send, byte for byte. TCP, TLS, WebSocket and Unix sockets may differ on the two sides: TLS and WebSocket "
          "end "
          "in the proxy on either.\n\n"
          "Every Control Packet is shown as mqtk inspect shows it, with its direction and time and with what breaks "
          "the "
          "specification. Packets are shown as they were sent, before a fault strikes them. What cannot be decoded is "
          "passed on and told. The exit status is 7 where a peer broke the protocol.\n\n"
          "When all listeners accept, one line per listener is printed on standard output, such as \"listening "
          "mqtt://127.0.0.1:1884\", then \"ready\"; with --json these are {\"listening\":\"mqtt://127.0.0.1:1884\"} "
          "and "
          "{\"ready\":true}. Port 0 takes any free port. Without --listen and --host only programs of this machine "
          "reach "
          "the proxy.\n\n"
          "With a COMMAND the proxy runs for as long as the command does: on a free port unless one is given, with "
          "MQTK_URL, MQTK_HOST and MQTK_PORT in the command's environment. Standard output belongs to the command "
          "then, "
          "packets are shown on standard error, and the exit status is that of the command.\n\n"
          "A side that takes less than the other one sends slows it down. A client whose connection to the broker does "
          "not come about is disconnected, and the cause is told on standard error. SIGINT and SIGTERM end the proxy, "
          "and it ends when nobody reads its output any more or --write finds no room.\n\n"
          "The options of the groups TLS and Network are for the connections to the broker; TLS of a listener is set "
          "in "
          "its URL, or made for the occasion by --tls-self-signed.",
      .examples =
          {{"Watch what goes to the broker at port 1883", "mqtk proxy --to mqtt://localhost:1883"},
           {"What one command says, and the answers", "mqtk proxy --to test.mosquitto.org -- mqtk pub -t a -m b"},
           {"A broker that is slow and loses messages now and then",
            "mqtk proxy --fault 'delay=50ms packet=publish' --fault 'drop packet=publish probability=0.01'"},
           {"Read along what a program says over TLS",
            "mqtk proxy -l 'mqtts://127.0.0.1:8884?cert-file=a.pem&key-file=a.key' --to mqtts://broker.example"},
           {"Look at it in Wireshark", "mqtk proxy --view none --write - | wireshark -k -i -"},
           {"Only what breaks the specification, for a script", "mqtk proxy --json --where 'problems>0'"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk(1)", "mqtk-inspect(1)", "mqtk-broker(1)"},
  };
}

void add_broker_options(cli::OptionTable& table, Options& options) {
  table.group("Broker");
  table.add({.long_name = "to",
             .value = "URL",
             .help = "The broker: mqtt://HOST[:PORT], mqtts://, ws://HOST[:PORT]/PATH, wss://, unix:///PATH or HOST",
             .manual = "User name and password are the clients' own business. A user name or password in MQTK_URL is "
                       "not used.",
             .completion = cli::Completion::host,
             .default_text = "mqtt://localhost:1883",
             .environment = "MQTK_URL",
             .set = cli::store(options.to),
             .set_from_environment = cli::store(options.to_by_environment)});
  table.add({.long_name = "connect-timeout",
             .value = "TIME",
             .help = "Give up after this time when the broker cannot be reached",
             .default_text = "10s",
             .set = cli::store(options.connect.connect_timeout)});
}

void add_limits(cli::OptionTable& table, Options& options) {
  constexpr std::uint64_t many = 1'000'000;
  constexpr std::uint64_t gigabyte = 1ULL << 30U;
  table.group("Limits");
  table.add({.long_name = "max-connections",
             .value = "N",
             .help = "Clients at the same time; further ones wait until one has gone",
             .default_text = std::to_string(options.max_connections),
             .set = cli::store_number(options.max_connections, 1, many)});
  table.add({.long_name = "max-buffered-bytes",
             .value = "N",
             .help = "Read no more from one side while so much waits for the other",
             .manual =
                 "For each connection and direction. To be shown, a packet is kept until it is whole, up to 4 MiB; "
                 "of a longer one the beginning is shown.",
             .default_text = std::to_string(options.max_buffered_bytes),
             .set = cli::store_number(options.max_buffered_bytes, 1024, gigabyte)});
}

// The text is not repeated: a URL may hold a password.
Accepted settle_broker(Options& options) {
  const std::string source = options.to ? "--to" : "MQTK_URL";
  const std::string text = options.to.value_or(options.to_by_environment.value_or("localhost"));
  auto endpoint = parse_endpoint(text);
  if (!endpoint) return std::unexpected(fmt::format("{}: {}", source, endpoint.error()));
  if (options.to && (endpoint->user_name || endpoint->password)) {
    return std::unexpected("--to: the proxy has no user name; clients send their own");
  }
  endpoint->user_name.reset();
  endpoint->password.reset();
  const bool is_websocket = speaks_websocket(endpoint->transport);
  if (!endpoint->query.empty() && !is_websocket) {
    return std::unexpected(fmt::format("{}: '{}' in the URL is of no effect; give it as an option", source,
                                       endpoint->query.front().first));
  }
  const auto given = text.contains("://") ? cli::SchemeGiven::yes : cli::SchemeGiven::no;
  if (auto settled = settle_scheme(options.transport, *endpoint, given); !settled) return settled;
  if (endpoint->port == 0 && endpoint->transport != Transport::unix_socket) {
    return std::unexpected(fmt::format("{}: no broker listens at port 0; give 1 to 65535", source));
  }
  options.broker = std::move(*endpoint);
  return settle_transport(options.transport, options.broker, options.connect, options.warnings);
}

// Packets and a capture, or packets and what a command prints, cannot share standard output.
Accepted check_output(Options& options) {
  cli::ViewOptions& viewing = options.viewing;
  if (viewing.write != "-") return {};
  if (!options.command.empty()) return std::unexpected("--write -: standard output belongs to the COMMAND");
  if (!viewing.view) viewing.view = cli::View::none;
  if (*viewing.view != cli::View::none || viewing.statistics || viewing.summary) {
    return std::unexpected("--write -: nothing else can go to standard output; give --view none");
  }
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  add_listening_options(table, options.listening, cli::ServerTls::queries_of_urls);
  add_broker_options(table, options);
  add_view_options(table, options.viewing,
                   "Without it, line. With none, and without --write, --statistics and --summary, nothing is decoded.");
  table.add({.long_name = "verbose",
             .short_letter = 'v',
             .help = "Tell when connections open and close",
             .set = cli::set_true(options.verbose)});
  add_fault_options(table, options.faults, cli::FaultPlace::before_broker);
  add_limits(table, options);
  add_transport_options(table, options.transport, options.connect);
  table.add(cli::Positional{.value = "COMMAND",
                            .help = "Program to run while the proxy runs, with its arguments",
                            .manual = {},
                            .completion = cli::Completion::none,
                            .repeatable = true,
                            .set = cli::append(options.command)});
  table.check([&options] { return settle_broker(options); });
  table.check([&options] { return check_output(options); });
  return table;
}

}  // namespace mqtk::proxy
