#include "pub/options.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/publish_options.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::pub {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-pub",
      .summary = "publish messages",
      .synopsis = {"[OPTION]... -t TOPIC {-m MESSAGE | -f FILE | -n | -s | -l}", "[OPTION]... --json-lines",
                   "[OPTION]... --raw FILE"},
      .description =
          "Publishes a message, files, or one message for each line of standard input, and ends when the broker has "
          "what the QoS "
          "promises: at QoS 0 the messages are written, at QoS 1 and 2 all are acknowledged.\n\n"
          "With -l standard input is read only as fast as the broker takes the messages, and nothing that was "
          "read is lost: a lost connection is made again, and what was not acknowledged is sent again. At QoS 2 no "
          "message arrives twice as long as the broker keeps the Session. The same holds for --json-lines and --chunk.",
      .examples = {{"Publish one message", "mqtk pub -t room/temperature -m 21.5"},
                   {"Keep the last value for later subscribers", "mqtk pub -t room/temperature -m 21.5 -q 1 -r"},
                   {"Publish each line of a program's output", "vmstat 1 | mqtk pub -t host/vmstat -l"},
                   {"Publish lines of topic, tab and payload over one connection",
                    "mqtk pub --topic-from-line --separator '\\t' -l < values.tsv"},
                   {"Publish again what was received", "mqtk sub --json -t 'room/#' | mqtk pub --json-lines -h other"},
                   {"A made-up sensor",
                    "mqtk pub -t lab/1 --template -m '{\"t\":{random:18.0..24.0}}' --repeat forever "
                    "--interval 5s"},
                   {"Publish a file within five seconds", "mqtk pub -t photo -f photo.jpg -q 1 --timeout 5s"},
                   {"Remove a retained message", "mqtk pub -t room/temperature -r -n"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk-sub(1)", "mqtk-broker(1)"},
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
  cli::add_message_input_options(table, options.input);
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
  table.add({.long_name = "raw",
             .value = "FILE",
             .help = "Send the bytes of FILE, - for standard input, as they are and print what comes back",
             .manual = "No packet is added, no CONNECT either, and nothing is checked: for packets that no client "
                       "would send, as mqtk-inspect --encode makes them. What the broker answers is printed as "
                       "mqtk-inspect --view line does. It ends when the broker closes the connection, or has been "
                       "silent for a second.",
             .completion = cli::Completion::file,
             .set = cli::store(options.raw)});
  table.add({.long_name = "clear-retained",
             .help = "Remove the retained message: the same as -r -n; with -l each line is a topic to clear",
             .set = cli::set_true(options.clear_retained)});
  table.add(
      {.long_name = "template",
       .help = "Fill in {n} {time} {uuid} {random:..} {env:..} {file:..} in the topic and the text of -m",
       .manual =
           "{n} is the number of the message, from 1; {time} the time as 2026-11-20T23:56:54.123456789Z, {time:s}, "
           "{time:ms}, {time:us} and {time:ns} count since 1970; {uuid} a random UUID; {random:18.0..24.0} a "
           "number of that range with so many decimals; {random:8} eight random hex digits; {env:NAME} an "
           "environment variable; {file:NAME} the contents of a file without its last line break, read for each "
           "message. {{ is a brace; a brace before anything but a small letter stands for itself.",
       .set = cli::set_true(options.is_template)});
}

Accepted set_repeat(Options& options, std::string_view text) {
  if (text == "forever") {
    options.input.repeat = cli::MessageInput::forever;
    return {};
  }
  const auto number = cli::parse_number(text, 1, cli::MessageInput::forever - 1);
  if (!number) return std::unexpected("not 'forever' or a whole number of 1 or more");
  options.input.repeat = *number;
  return {};
}

// "50", "50/s", "10/m", "2/h"
Accepted set_rate(Options& options, std::string_view text) {
  Duration unit = std::chrono::seconds{1};
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto parsed = parse_duration("1" + std::string{text.substr(slash + 1)});
    if (!parsed || *parsed <= Duration{0}) return std::unexpected("not a rate such as 50/s, 10/m or 2/h");
    unit = *parsed;
    text = text.substr(0, slash);
  }
  const auto number = cli::parse_number(text, 1, 1'000'000'000);
  if (!number) return std::unexpected("not a rate such as 50/s, 10/m or 2/h");
  options.interval = unit / static_cast<std::int64_t>(*number);
  return {};
}

void add_pace_options(cli::OptionTable& table, Options& options) {
  table.group("Pace");
  table.add({.long_name = "repeat",
             .value = "TIMES",
             .help = "Send everything this many times, or forever",
             .default_text = "1",
             .set = [&options](std::string_view text) { return set_repeat(options, text); }});
  table.add({.long_name = "repeat-delay",
             .value = "DURATION",
             .help = "Wait so long after a message before the next one",
             .default_text = "0",
             .set = cli::store(options.pause)});
  table.add({.long_name = "interval",
             .value = "DURATION",
             .help = "Send a message each time this has passed, without drift",
             .set = cli::store(options.interval)});
  table.add(
      {.long_name = "rate",
       .value = "NUMBER/s",
       .help = "Send at most so many messages in a second, or /m in a minute, or /h",
       .manual = "Messages that were held up by the broker are made up for within a tenth of a second, no longer.",
       .set = [&options](std::string_view text) { return set_rate(options, text); }});
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "max-inflight",
             .short_letter = 'M',
             .value = "COUNT",
             .help = "QoS 1 and 2 messages sent before the first is acknowledged",
             .manual = "The broker's Receive Maximum may allow fewer. Before 5.0 a broker cannot announce one, and "
                       "may close the connection when more QoS 2 messages are unfinished than it likes.",
             .default_text = "1000, before 5.0 with QoS 2 20",
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
  table.add({.long_name = "confirm",
             .help = "Subscribe to what is published, and end with 0 only when all of it has come back",
             .manual = "The broker must allow this client to subscribe to the topics. What has not come back ten "
                       "seconds after the last acknowledgement, or within --timeout, is status 6.",
             .set = cli::set_true(options.confirm)});
  table.add({.long_name = "auto-topic-alias",
             .help = "Send each topic once and its alias from then on, as far as the broker takes aliases",
             .set = cli::set_true(options.auto_topic_alias)});
  table.add({.long_name = "stats",
             .help = "Print one line of counts to standard error at the end",
             .set = cli::set_true(options.stats)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
}

Accepted check_topic(const Options& options) {
  if (options.topic.empty() && options.input.has_topics()) return {};
  if (options.topic.empty()) return std::unexpected("no topic to publish to; give it with -t");
  const bool lines_say = options.input.topic_from_line || options.input.lines_are_topics;
  if (lines_say) return std::unexpected("-t does not go with lines that name their topics");
  if (const Fault fault = TopicName::check(options.topic)) {
    return std::unexpected(fmt::format("-t '{}': {}", options.topic, rule_info(fault.rule).text));
  }
  return {};
}

Accepted settle_patterns(Options& options) {
  if (!options.is_template) return {};
  const auto read = [](std::string_view option, const std::string& text,
                       std::optional<cli::TextPattern>& target) -> Accepted {
    auto pattern = cli::TextPattern::parse(text);
    if (!pattern) return std::unexpected(fmt::format("{} '{}': {}", option, text, pattern.error()));
    target = std::move(*pattern);
    return {};
  };
  if (!options.topic.empty()) {
    if (const Accepted topic = read("-t", options.topic, options.topic_pattern); !topic) return topic;
  }
  if (options.input.source != cli::MessageInput::Source::text) return {};
  return read("-m", options.input.text, options.payload_pattern);
}

Accepted check(Options& options) {
  using Source = cli::MessageInput::Source;
  if (options.raw) {
    const bool has_message = !options.topic.empty() || options.input.source != Source::none;
    return has_message ? Accepted{std::unexpected("--raw sends bytes; it does not go with a topic or a message")}
                       : Accepted{};
  }
  if (options.clear_retained) {
    const bool lines = options.input.source == Source::lines;
    if (lines && options.input.topic_from_line) {
      return std::unexpected("--topic-from-line does not go with --clear-retained: the whole line is the topic");
    }
    if (!lines && options.input.source != Source::none && options.input.source != Source::empty) {
      return std::unexpected("--clear-retained sends no payload; it goes with -l or alone");
    }
    options.input.lines_are_topics = lines;
    if (!lines) options.input.source = Source::empty;
    options.retain = true;
  }
  for (const Accepted& accepted :
       {check_topic(options), cli::check_message_input(options.input), settle_patterns(options)}) {
    if (!accepted) return accepted;
  }
  if (options.input.is_stream() && options.input.repeat != 1) {
    return std::unexpected("--repeat does not go with -l, --json-lines and --chunk: their input is read once");
  }
  if (options.interval != Duration{0} && options.pause != Duration{0}) {
    return std::unexpected("--repeat-delay does not go with --rate and --interval; give one");
  }
  if (options.auto_topic_alias && options.connection.connect.version != Version::v5) {
    return std::unexpected("--auto-topic-alias needs version 5");
  }
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  // Without --reconnect only a run of many messages is worth more than one attempt; Publisher sees to the others.
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  cli::OptionTable table{program_text()};
  add_message_options(table, options);
  cli::add_connection_options(
      table, options.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::publish,
                           PropertyScope::disconnect},
       .reconnect_default = "forever with a stream or --repeat once the broker was reached, otherwise no"});
  cli::add_publish_property_options(table, options.connection, cli::PublishProperties::all);
  add_pace_options(table, options);
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::pub
