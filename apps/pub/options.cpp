#include "pub/options.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::pub {
namespace {

using cli::Accepted;
using cli::ExitStatus;
using Source = Options::Source;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-pub",
      .summary = "publish messages",
      .synopsis = {"[OPTION]... -t TOPIC {-m MESSAGE | -f FILE | -n | -s | -l}"},
      .description =
          "Publishes one message, or one for each line of standard input, and ends when the broker has what the QoS "
          "promises: at QoS 0 the messages are written, at QoS 1 and 2 all are acknowledged.\n\n"
          "With --lines standard input is read only as fast as the broker takes the messages, and nothing that was "
          "read is lost: a lost connection is made again, and what was not acknowledged is sent again. At QoS 2 no "
          "message arrives twice as long as the broker keeps the Session.",
      .examples = {{"Publish one message", "mqtk pub -t room/temperature -m 21.5"},
                   {"Keep the last value for later subscribers", "mqtk pub -t room/temperature -m 21.5 -q 1 -r"},
                   {"Publish each line of a program's output", "vmstat 1 | mqtk pub -t host/vmstat -l"},
                   {"Publish a file within five seconds", "mqtk pub -t photo -f photo.jpg -q 1 --timeout 5s"},
                   {"Remove a retained message", "mqtk pub -t room/temperature -r -n"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk-sub(1)", "mqtk-broker(1)"},
  };
}

// The second source of a command line is a mistake that would lose a message.
cli::Setter choose(Options& options, Source source) {
  return [&options, source](std::string_view value) -> Accepted {
    if (options.source != Source::none) {
      return std::unexpected("the message is given twice; use one of -m, -f, -n, -s and -l");
    }
    options.source = source;
    options.text = value;
    return {};
  };
}

void add_message_options(cli::OptionTable& table, Options& options) {
  table.group("Message");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "TOPIC",
             .help = "Topic Name to publish to",
             .completion = cli::Completion::topic,
             .set = cli::store(options.topic)});
  table.add({.long_name = "message",
             .short_letter = 'm',
             .value = "MESSAGE",
             .help = "Send this text",
             .set = choose(options, Source::text)});
  table.add({.long_name = "file",
             .short_letter = 'f',
             .value = "FILE",
             .help = "Send the contents of a file; - is standard input",
             .manual = "Pipes and other files that are not regular are read to their end.",
             .completion = cli::Completion::file,
             .set = choose(options, Source::file)});
  table.add({.long_name = "null-message",
             .short_letter = 'n',
             .help = "Send a message without payload",
             .set = choose(options, Source::empty)});
  table.add({.long_name = "stdin-file",
             .short_letter = 's',
             .help = "Send all of standard input as one message",
             .set = choose(options, Source::whole_input)});
  table.add({.long_name = "stdin-line",
             .short_letter = 'l',
             .help = "Send each line of standard input as a message",
             .manual = "An empty line is a message without payload. A last line without a line break is sent, too. "
                       "NUL bytes and carriage returns are kept.",
             .aliases = {"lines"},
             .set = choose(options, Source::lines)});
  table.add({.long_name = "null-delimited",
             .help = "With -l: NUL bytes part the messages, not line breaks",
             .set = [&options](std::string_view) -> Accepted {
               options.delimiter = '\0';
               return {};
             }});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Quality of Service: 0, 1 or 2",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "0",
             .set = cli::store(options.qos)});
  table.add({.long_name = "retain",
             .short_letter = 'r',
             .help = "Let the broker keep the message for later subscribers",
             .set = cli::set_true(options.retain)});
  table.add({.long_name = "repeat",
             .value = "COUNT",
             .help = "Send the message this many times",
             .default_text = "1",
             .set = cli::store_number(options.repeat, 1, 4'294'967'295)});
  table.add({.long_name = "repeat-delay",
             .value = "DURATION",
             .help = "Wait between repeated messages",
             .default_text = "0",
             .set = cli::store(options.repeat_delay)});
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "max-inflight",
             .short_letter = 'M',
             .value = "COUNT",
             .help = "QoS 1 and 2 messages sent before the first is acknowledged",
             .manual = "The broker's Receive Maximum may allow fewer.",
             .default_text = "1000",
             .set = cli::store_number(options.connection.connect.maximum_in_flight, 1, 65'535)});
  table.add({.long_name = "timeout",
             .short_letter = 'W',
             .value = "DURATION",
             .help = "End with status 6 when the whole run takes longer",
             .set = cli::store(options.timeout)});
  table.add({.long_name = "ack-timeout",
             .value = "DURATION",
             .help = "End with status 6 when no acknowledgement comes for so long",
             .set = cli::store(options.connection.connect.acknowledge_timeout)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = [](std::string_view) -> Accepted {
               cli::set_quiet(cli::Quiet::yes);
               return {};
             }});
}

Accepted check(const Options& options) {
  if (options.topic.empty()) return std::unexpected("no topic to publish to; give it with -t");
  if (const Fault fault = TopicName::check(options.topic)) {
    return std::unexpected(fmt::format("-t '{}': {}", options.topic, rule_info(fault.rule).text));
  }
  if (options.source == Source::none) {
    return std::unexpected("no message to publish; give it with -m, -f, -n, -s or -l");
  }
  if (options.source == Source::lines && (options.repeat != 1 || options.repeat_delay != Duration{0})) {
    return std::unexpected("--repeat and --repeat-delay do not go with -l");
  }
  if (options.delimiter != '\n' && options.source != Source::lines) {
    return std::unexpected("--null-delimited needs -l");
  }
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  // Without --reconnect only a stream of lines is worth more than one attempt; run.cpp sees to the others.
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  cli::OptionTable table{program_text()};
  add_message_options(table, options);
  cli::add_connection_options(table, options.connection,
                              {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::publish,
                                                   PropertyScope::disconnect},
                               .reconnect_default = "forever with -l once the broker was reached, otherwise no"});
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::pub
