#include "check/options.hpp"

#include "cli/setters.hpp"
#include "codec/rule.hpp"
#include "codec/topic.hpp"

namespace mqtk::check {
namespace {

using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-check",
      .summary = "find out why a connection to a broker fails",
      .synopsis = {"[OPTION]... [URL]"},
      .description =
          "Goes all the way to a broker, step by step: name lookup, TCP, proxy, TLS, WebSocket, CONNECT with MQTT 5.0, "
          "a message that goes there and back with each QoS, what the broker does, and CONNECT with 3.1.1. Prints a "
          "line with the time for each step, with TLS the certificates, and stops at the first failure with its cause "
          "and what to try. Each step is tried once, whatever a profile says about trying again.\n\n"
          "Publishes to topics below mqtk/check/ and a random number, one of them retained for a moment; --topic names "
          "another place where the user may read and write, and --connect-only sends no messages. With a --preset of "
          "a service that has topics of its own, such as azure-hub, none are sent without --topic.",
      .examples = {{"The broker of this machine", "mqtk check"},
                   {"All the way through TLS", "mqtk check mqtts://broker.example --ca-file ca.pem"},
                   {"A user who may only write and read below lab/7", "mqtk check -u me --topic lab/7"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk-pub(1)", "mqtk-broker(1)"},
  };
}

cli::Accepted store_topic(Options& options, std::string_view text) {
  if (const Fault fault = TopicName::check(text)) return std::unexpected(std::string{rule_info(fault.rule).text});
  options.topic = text;
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  cli::add_connection_options(
      table, options.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::disconnect},
       .reconnect_default = std::nullopt});
  table.group("Messages");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "TOPIC",
             .help = "Send and expect messages at TOPIC/1 to TOPIC/6 instead of below mqtk/check/",
             .set = [&options](std::string_view text) { return store_topic(options, text); }});
  table.add({.long_name = "connect-only",
             .help = "End when CONNECT is answered: publish and subscribe nothing",
             .set = cli::set_true(options.connect_only)});
  table.check([&options]() -> cli::Accepted {
    if (options.connect_only && !options.topic.empty()) {
      return std::unexpected("--connect-only and --topic exclude each other; give one");
    }
    return {};
  });
  table.group("Output");
  table.add({.long_name = "json",
             .help = "Print each step as a JSON object, one to a line",
             .set = cli::set_true(options.json)});
  table.add(cli::Positional{.value = "URL",
                            .help = "Where the broker is, as with --url",
                            .manual = {},
                            .completion = cli::Completion::none,
                            .repeatable = false,
                            .set = cli::store(options.connection.typed.option.url)});
  return table;
}

}  // namespace mqtk::check
