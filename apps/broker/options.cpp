#include "broker/options.hpp"

#include <fmt/format.h>

#include "broker/service_profile.hpp"
#include "capture/recording_format.hpp"
#include "cli/setters.hpp"

namespace mqtk::broker_program {
namespace {

using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-broker",
      .summary = "run an MQTT broker",
      .synopsis = {"[OPTION]...", "[OPTION]... -- COMMAND [ARGUMENT]...",
                   "bridges | clients | clear-faults | dump | events | faults | reset | sessions [--control SOCKET]",
                   "fault RULE [--control SOCKET]", "kick CLIENT [--control SOCKET]",
                   "retained [FILTER] [--control SOCKET]", "subscriptions [CLIENT] [--control SOCKET]",
                   "passwd [OPTION]... FILE NAME"},
      .description =
          "Runs a broker for MQTT 5.0, 3.1.1 and 3.1 that starts at once and needs no configuration. Nothing is kept "
          "on disk unless --state-dir asks for it.\n\n"
          "When all listeners accept, one line per listener is printed on standard output, such as \"listening "
          "mqtt://127.0.0.1:1883\", then \"ready\". Port 0 takes any free port. Logs go to standard error.\n\n"
          "With a COMMAND the broker runs for as long as the command does: on a free port unless one is given, with "
          "MQTK_URL, MQTK_HOST and MQTK_PORT in the command's environment (of a Unix socket only MQTK_URL). Standard "
          "output belongs to the command then, and its exit status is that of the broker.\n\n"
          "A service manager is told when the broker is ready, as sd_notify(3) describes, and may hand over sockets "
          "that listen already (sd_listen_fds(3)), which are then served in place of the standard port.\n\n"
          "A broker that runs with --control SOCKET can be asked, and told what to do. The answer is JSON, an object a "
          "line. clients are those that are connected, sessions those of clients that are away, too; subscriptions may "
          "be those of one CLIENT, retained messages those that match a FILTER; bridges are those of --bridge; dump is "
          "all of it and the counters in one object. events go on: connections, subscriptions, dropped messages, as "
          "they happen. kick disconnects a "
          "client. reset disconnects all and forgets Sessions and retained messages, as between two tests. fault adds "
          "a "
          "rule, faults lists them with how often they struck, clear-faults takes them away. MQTK_CONTROL may stand "
          "for "
          "the option.\n\n"
          "All clients share one loop in one thread. So their messages keep their order without locks, and what a turn "
          "has to write is gathered. One core carries 2.5 million deliveries of 64 bytes a second at QoS 0 (0.4 us "
          "each) and 0.7 to 1.7 million at QoS 1. For more than that there are brokers for production.\n\n"
          "QoS 1 and 2 messages are not dropped while their receiver is connected: publishers are slowed down to what "
          "the receiver takes. What is dropped because a limit was reached is counted and logged.",
      .examples = {{"A broker at port 1883 of this machine", "mqtk broker"},
                   {"Any free port, and a line for every connection", "mqtk broker --port 0 -v"},
                   {"A broker for the time of a test", "mqtk broker -- sh -c 'mqtk pub --url $MQTK_URL -t a -m b'"},
                   {"Lose every tenth message on its way to the clients",
                    "mqtk broker --fault 'drop packet=publish direction=to-client probability=0.1'"},
                   {"Start the next test with a broker that knows nothing", "mqtk broker reset --control /tmp/broker"},
                   {"For everybody in the network, without passwords", "mqtk broker --host '*' --allow-anonymous"},
                   {"Beside a live system: what it publishes comes in below live/",
                    "mqtk broker --bridge mqtts://me@live.example --topic 'sensors/#' in --prefix live/"},
                   {"With passwords: make the file, then use it",
                    "mqtk broker passwd users me; mqtk broker --host '*' --password-file users"},
                   {"Also with TLS, and a certificate made for the occasion",
                    "mqtk broker --tls-self-signed-ca ca.pem"},
                   {"For web pages and for programs of this machine",
                    "mqtk broker -l ws://localhost:8080/mqtt -l unix:///tmp/mqtt.sock"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::timed_out, ExitStatus::assertion_failed,
                        ExitStatus::local_failure},
      .see_also = {"mqtk-pub(1)", "mqtk-sub(1)"},
  };
}

template <class T>
void add_limit(cli::OptionTable& table, T& target, const std::string& name, const std::string& help,
               std::uint64_t least, std::uint64_t most, const std::string& manual = {}) {
  const std::string standard = std::to_string(target);
  table.add({.long_name = name,
             .value = "N",
             .help = help,
             .manual = manual,
             .default_text = standard,
             .set = cli::store_number(target, least, most)});
}

void add_limits(cli::OptionTable& table, BrokerOptions& broker) {
  constexpr std::uint64_t many = 1'000'000'000;
  constexpr std::uint64_t terabyte = 1ULL << 40U;
  table.group("Limits");
  add_limit(table, broker.max_connections, "max-connections", "Clients at the same time", 1, many,
            "Further ones are refused with 0x97, Quota exceeded.");
  add_limit(table, broker.max_connections_per_address, "max-connections-per-address",
            "Connections of one address at the same time; 0 is any number", 0, many,
            "Further ones are refused with 0x97, Quota exceeded.");
  add_limit(table, broker.max_connections_per_second, "max-connection-rate",
            "Connections that all clients together may open in a second; 0 is any number", 0, many,
            "Further ones are refused with 0x9F, Connection rate exceeded.");
  add_limit(table, broker.max_sessions, "max-sessions", "Sessions of clients that are connected or away", 1, many);
  table.add({.long_name = "connect-timeout",
             .value = "TIME",
             .help = "Wait so long for a client's CONNECT",
             .default_text = "10s",
             .set = cli::store(broker.connect_timeout)});
  add_limit(table, broker.limits.maximum_packet_size, "max-packet-size", "Bytes of one packet from a client", 128,
            max_packet_size, "5.0 clients are told, and disconnected with 0x95, Packet too large.");
  add_limit(table, broker.limits.receive_maximum, "receive-maximum",
            "Unfinished QoS 1 and 2 messages from a 5.0 client", 1, 65'535);
  add_limit(table, broker.limits.topic_alias_maximum, "topic-alias-maximum", "Topic Aliases that a client may set", 0,
            65'535);
  add_limit(table, broker.max_in_flight, "max-in-flight", "Unfinished QoS 1 and 2 messages to a client", 1, 65'535);
  add_limit(table, broker.max_subscriptions_per_client, "max-subscriptions", "Subscriptions of one client", 1, many);
  add_limit(table, broker.max_topic_levels, "max-topic-levels", "Levels of a Topic Name or Topic Filter", 1, 65'535);
  add_limit(table, broker.max_queued_messages, "max-queued-messages", "QoS 1 and 2 messages that wait for one client",
            1, many,
            "While a client is connected, those who publish to it are slowed down from half of this on. For a client "
            "that is away, messages beyond the limit are dropped, counted and logged. QoS 0 messages are not kept for "
            "clients that are away.");
  add_limit(table, broker.max_queued_bytes, "max-queued-bytes", "Bytes of them", 1, terabyte);
  add_limit(table, broker.max_publishes_per_second, "max-publish-rate",
            "Messages that one client may publish in a second; 0 is any number", 0, many,
            "A client that sends more is read more slowly; nothing is lost.");
  add_limit(table, broker.max_retained_messages, "max-retained-messages", "Retained messages in all", 0, many);
  add_limit(table, broker.max_retained_bytes, "max-retained-bytes", "Bytes of them", 0, terabyte);
}

void add_behaviour(cli::OptionTable& table, BrokerOptions& broker) {
  table.group("Behaviour");
  std::string limits =
      "Each sets other limits; options that set the same one themselves count where they stand behind "
      "it. The services do more than that: they have users, rules and rates of their own.";
  std::vector<std::string> names;
  for (const ServiceProfile& profile : service_profiles()) {
    limits += fmt::format(" {} ({}): {}.", profile.name, profile.service, profile.limits);
    names.emplace_back(profile.name);
  }
  table.add({.long_name = "profile",
             .value = "SERVICE",
             .help = "Have the known limits of a service in the cloud",
             .manual = limits,
             .completion = cli::Completion::choice,
             .choices = names,
             .set = [&broker, names](std::string_view name) -> cli::Accepted {
               const ServiceProfile* profile = find_service_profile(name);
               if (profile == nullptr) return std::unexpected(cli::not_one_of(names));
               profile->apply(broker);
               return {};
             }});
  table.add({.long_name = "keep-alive",
             .value = "SECONDS",
             .help = "Server Keep Alive that 5.0 clients are given",
             .default_text = "what the client asks for",
             .set = cli::store_number(broker.server_keep_alive_seconds, 0, 65'535)});
  table.add({.long_name = "max-session-expiry",
             .value = "SECONDS",
             .help = "Longest life of a Session whose client is away",
             .default_text = "unlimited",
             .set = cli::store_number(broker.max_session_expiry_seconds, 0, never_expires)});
  table.add({.long_name = "sys-interval",
             .value = "TIME",
             .help = "Publish the $SYS topics this often; 0 is never",
             .default_text = "10s",
             .set = cli::store(broker.system_topics_interval)});
}

void add_start_and_end(cli::OptionTable& table, Options& options) {
  table.group("Start and end");
  table.add({.long_name = "ready-file",
             .value = "FILE",
             .help = "Write the listening lines and \"ready\" there, too, when all listeners accept",
             .manual = "The file appears with its whole content at once and is removed when the broker ends.",
             .completion = cli::Completion::file,
             .set = cli::store(options.ready_file)});
  table.add({.long_name = "control",
             .value = "SOCKET",
             .help = "Answer mqtk broker clients, kick, reset and the like at this Unix socket",
             .manual = "Whoever may write to the socket's file may ask. A COMMAND finds it in MQTK_CONTROL.",
             .completion = cli::Completion::file,
             .set = cli::store(options.control)});
  table.add({.long_name = "metrics-port",
             .value = "PORT",
             .help = "Serve metrics for Prometheus at this port of 127.0.0.1; 0 is any free one",
             .manual = "A line \"listening http://127.0.0.1:PORT/metrics\" stands before \"ready\" then.",
             .set = cli::store_number(options.metrics_port, 0, 65'535)});
  table.add({.long_name = "state-dir",
             .value = "DIRECTORY",
             .help = "Keep Sessions and retained messages there over restarts",
             .manual = "Sessions that outlive their connections, with their subscriptions and the QoS 1 and 2 messages "
                       "that wait for them, and retained messages. Changes are appended to a log, which is written "
                       "anew when it has grown to twice the state; QoS 1 and 2 messages are acknowledged only when "
                       "they are written, so that kill -9 loses none. A damaged end of the log is left out and told, "
                       "and the log with it is kept beside the new one. A broker that cannot write any more, as on a "
                       "full disk, cuts all connections and ends with status 9.",
             .completion = cli::Completion::directory,
             .set = cli::store(options.state_dir)});
  table.add(
      {.long_name = "fsync",
       .help = "With --state-dir: acknowledge when it is on the disk, so that a power cut loses nothing either",
       .manual = "Each turn that changes something then waits for the disk, which costs some milliseconds on most.",
       .set = cli::set_true(options.fsync)});
  table.add({.long_name = "exit-with-parent",
             .help = "End when the process that started the broker has ended",
             .set = cli::set_true(options.lifetime.exit_with_parent)});
  table.add({.long_name = "max-lifetime",
             .value = "TIME",
             .help = "End after this time, with status 6",
             .manual = "A COMMAND is told to end with SIGTERM first, and killed when it has not 5 seconds later.",
             .set = cli::store(options.lifetime.at_most)});
}

void add_tests(cli::OptionTable& table, Options& options) {
  table.group("Tests");
  table.add({.long_name = "expect",
             .value = "FILE",
             .help = "End with status 8 unless these messages are published in time",
             .manual =
                 "FILE is JSON: {\"within\": \"10s\", \"in_order\": false, \"messages\": [{\"topic\": \"a/+\", "
                 "\"count\": 2}]}. Each entry of messages names a Topic Filter and may ask for a payload (or "
                 "payload_base64), qos, retain and client_identifier, and for how many: count, or at_least (1 unless "
                 "said) and at_most. A message counts for every entry that it matches, Will Messages too. With "
                 "in_order the first message of each entry comes after that of the entry before. within counts from "
                 "\"ready\" and is 10 seconds unless said. The broker ends when the verdict cannot change any more, "
                 "at the latest when the time is over. With a COMMAND it ends with the command, whose status counts if "
                 "it is not 0. What did not come as expected is told, a line each. The schema is installed as "
                 "share/mqtk/broker-expect.schema.json.",
             .completion = cli::Completion::file,
             .set = cli::store(options.expectation_file)});
  table.add({.long_name = "record",
             .value = "FILE",
             .help = "Record every published message, as mqtk record does",
             .manual = "The name's end chooses the format: .mcap, .jsonl, .pcapng or .csv. mqtk replay and mqtk "
                       "recording read it. A file that is there already is not overwritten.",
             .completion = cli::Completion::file,
             .set = [&options](std::string_view text) -> cli::Accepted {
               if (!format_of_file(text)) {
                 return std::unexpected("the name must end in .mcap, .jsonl, .pcapng or .csv");
               }
               options.record_file = text;
               return {};
             }});
  table.add({.long_name = "trace",
             .value = "FILE",
             .help = "Write every packet of every connection to a pcapng file",
             .manual =
                 "For mqtk inspect, tshark and Wireshark. The TCP connections around the packets are made up, also "
                 "for those that came by TLS, WebSocket or Unix socket. The file holds what clients send, "
                 "passwords included. A file that is there already is not overwritten.",
             .completion = cli::Completion::file,
             .set = cli::store(options.trace_file)});
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  cli::add_listening_options(table, options.listening, cli::ServerTls::options);
  add_credential_options(table, options.credentials);
  add_start_and_end(table, options);
  add_behaviour(table, options.broker);
  add_bridge_options(table, options.bridges);
  add_tests(table, options);
  cli::add_fault_options(table, options.faults, cli::FaultPlace::in_broker);
  add_limits(table, options.broker);
  table.show_result([&options]() -> std::vector<std::pair<std::string, std::string>> {
    const bool open = options.credentials.allow_anonymous || !options.credentials.has_credentials();
    return {{"clients_without_credentials", open ? "admitted" : "refused"}};
  });
  table.group("Output");
  table.add({.long_name = "verbose",
             .short_letter = 'v',
             .help = "Log every connection, subscription and Will; twice: every packet",
             .manual = "Three times: with the bytes of each packet in hex, for mqtk inspect. These hold what clients "
                       "send, passwords included.",
             .repeatable = true,
             .set = cli::count(options.verbose)});
  table.add(cli::Positional{.value = "COMMAND",
                            .help = "Program to run while the broker runs, with its arguments",
                            .manual = {},
                            .completion = cli::Completion::none,
                            .repeatable = true,
                            .set = cli::append(options.command)});
  return table;
}

}  // namespace mqtk::broker_program
