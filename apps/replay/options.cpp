#include "replay/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "capture/json_edit.hpp"
#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::replay {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-replay",
      .summary = "publish recorded messages again",
      .synopsis = {"[OPTION]... FILE..."},
      .description =
          "Publishes the messages of recordings (MCAP, JSON Lines, the CSV files of two other recorders, and packet "
          "captures) as they "
          "were "
          "recorded: topic, payload, QoS, RETAIN, properties, and the time between them. Several files are merged by "
          "time. - is standard input, in JSON Lines.\n\n"
          "Every message has an absolute time at which it is due, so that nothing adds up over a long replay. What is "
          "late is sent at once; the report at the end says how late the messages were. The program ends when every "
          "QoS 1 and 2 message is acknowledged. A lost connection is made again and the replay goes on: QoS 1 messages "
          "may arrive twice then, QoS 2 messages do not as long as the broker keeps the Session.\n\n"
          "On a terminal the space bar holds the replay and lets it go on, s or Return sends the next message at once, "
          "and q ends.",
      .examples = {{"Play a recording again", "mqtk replay all.mcap"},
                   {"Ten times as fast, without long silences", "mqtk replay --speed 10 --max-gap 1s all.mcap"},
                   {"As fast as the broker takes it, over and over", "mqtk replay --speed max --loop 0 all.mcap"},
                   {"Into a tree of its own, with the time of now in each payload",
                    "mqtk replay --topic-map =test --set-json /time=now all.mcap"},
                   {"See what would be sent", "mqtk replay --dry-run -t 'room/#' all.mcap"},
                   {"Prove that a broker passes on all of it", "mqtk replay --verify --speed max all.mcap"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::assertion_failed, ExitStatus::local_failure},
      .see_also = {"mqtk-record(1)", "mqtk-recording(1)", "mqtk-recording(5)", "mqtk-pub(1)"},
  };
}

Accepted store_speed(std::optional<double>& target, std::string_view text) {
  if (text == "max") {
    target.reset();
    return {};
  }
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc{} || end != text.data() + text.size() || !(speed >= 0.001 && speed <= 1'000'000)) {
    return std::unexpected("neither max nor a factor from 0.001 to 1000000");
  }
  target = speed;
  return {};
}

void add_timing_options(cli::OptionTable& table, Options& options) {
  table.group("Timing");
  table.add({.long_name = "speed",
             .value = "FACTOR",
             .help = "10 is ten times as fast; max is as fast as the broker takes the messages",
             .default_text = "1",
             .set = [&options](std::string_view text) { return store_speed(options.speed, text); }});
  table.add({.long_name = "max-gap",
             .value = "DURATION",
             .help = "Shorten silences of the replay to this",
             .set = cli::store(options.longest_gap)});
  cli::add_time_options(table, options.from, options.to);
  table.add({.long_name = "start-at",
             .value = "TIME",
             .help = "Wait with the first message until this moment",
             .set = [&options](std::string_view text) -> Accepted {
               options.start_at = parse_rfc3339(text);
               if (!options.start_at) return std::unexpected("not a time such as 2026-11-20T23:56:54Z");
               return {};
             }});
  table.add({.long_name = "loop",
             .value = "COUNT",
             .help = "Play so many times; 0 is for ever",
             .default_text = "1",
             .set = cli::store_number(options.passes, 0, 4'294'967'295)});
  table.add({.long_name = "loop-gap",
             .value = "DURATION",
             .help = "Time between the last message and the first of the next pass, before --speed",
             .default_text = "the last gap of the recording",
             .set = cli::store(options.seam)});
}

void add_selection_options(cli::OptionTable& table, Options& options) {
  table.group("Selection");
  cli::add_topic_options(table, options.topics);
  table.add({.long_name = "drop-retained",
             .help = "Leave out what the broker sent because of the recorder's subscription",
             .set = cli::set_true(options.drop_retained)});
  cli::add_input_options(table, options.input);
}

void add_change_options(cli::OptionTable& table, Options& options) {
  table.group("Change");
  table.add({.long_name = "topic-map",
             .value = "RULE",
             .help = "FROM=TO for the front of topics, ~REGEX=TO for what matches",
             .manual =
                 "The first rule that matches counts. a/b=c makes c of a/b and c/d of a/b/d; =c puts c before every "
                 "topic. In the TO of an expression \\1 to \\9 are its groups: ~room([0-9]+)=house/\\1.",
             .repeatable = true,
             .set = [&options](std::string_view text) { return options.topic_map.add(text); }});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Publish at this QoS: 0, 1 or 2",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "as recorded",
             .set = [&options](std::string_view text) -> Accepted {
               QoS qos{};
               if (const Accepted stored = cli::store(qos)(text); !stored) return stored;
               options.qos = qos;
               return {};
             }});
  table.add({.long_name = "retain",
             .value = "HOW",
             .help = "keep, set or clear the RETAIN flag",
             .completion = cli::Completion::choice,
             .choices = {"keep", "set", "clear"},
             .default_text = "keep",
             .set = cli::store_choice<Retain>(
                 options.retain, {{"keep", Retain::as_recorded}, {"set", Retain::set}, {"clear", Retain::clear}})});
  table.add({.long_name = "expiry",
             .value = "HOW",
             .help = "keep the Message Expiry Interval, scale it with the speed, or drop it",
             .completion = cli::Completion::choice,
             .choices = {"keep", "scale", "drop"},
             .default_text = "keep",
             .set = cli::store_choice<Expiry>(
                 options.expiry, {{"keep", Expiry::keep}, {"scale", Expiry::scale}, {"drop", Expiry::drop}})});
  table.add({.long_name = "set-json",
             .value = "PATH=VALUE",
             .help = "Set a value in payloads that are JSON",
             .manual =
                 "PATH is a JSON Pointer such as /time. VALUE is now (RFC 3339), now-ms or now-s (since 1970), any "
                 "JSON, or else a text. All other characters of the payload stay as they are. A payload that is "
                 "not JSON or has no such place is sent unchanged.",
             .repeatable = true,
             .set = [&options](std::string_view text) -> Accepted {
               const std::size_t equals = text.find('=');
               if (equals == std::string_view::npos || !is_json_pointer(text.substr(0, equals))) {
                 return std::unexpected("not PATH=VALUE with a PATH such as /time");
               }
               options.json_changes.emplace_back(text.substr(0, equals), text.substr(equals + 1));
               return {};
             }});
}

void add_client_options(cli::OptionTable& table, Options& options) {
  table.add(
      {.long_name = "connections",
       .value = "HOW",
       .help = "one, or per-client: one for each client that the recording names",
       .manual =
           "A recording names the publisher of a message where that could be seen: in a packet capture, and in "
           "what was made of one. The connection has the recorded Client Identifier, or the address where none "
           "was seen; a client of that name that is connected to the broker is thrown out, see --client-prefix. "
           "It is made as soon as the first message of its client is the next to be sent. Messages that name no "
           "client go over a connection of their own, with the --client-id and the Will of the options. The order "
           "of messages holds for each connection.",
       .completion = cli::Completion::choice,
       .choices = {"one", "per-client"},
       .default_text = "one",
       .set = cli::store_choice<Connections>(options.connections,
                                             {{"one", Connections::one}, {"per-client", Connections::per_client}})});
  table.add({.long_name = "client-property",
             .value = "NAME",
             .help = "With --connections per-client: the User Property NAME tells the client",
             .set = cli::store(options.client_property)});
  table.add({.long_name = "client-prefix",
             .value = "TEXT",
             .help = "With --connections per-client: put TEXT in front of each Client Identifier",
             .set = cli::store(options.client_prefix)});
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "dry-run",
             .help = "Connect nowhere; print what would be sent when",
             .set = cli::set_true(options.dry_run)});
  table.add({.long_name = "verify",
             .help = "Subscribe beside, and end with status 8 unless all that is sent arrives",
             .manual = "Compared are the number of messages, the order of what a client publishes to a topic at one "
                       "QoS, and the payloads. Nothing else may publish to the same topics meanwhile. With "
                       "--connections per-client a message waits for the arrival of an equal one that another client "
                       "has sent to the same topic: they could not be told apart.",
             .set = cli::set_true(options.verify)});
  table.add({.long_name = "verify-filter",
             .value = "FILTER",
             .help = "With --verify: what to subscribe to; other topics are not compared",
             .completion = cli::Completion::topic,
             .default_text = "#",
             .set = cli::store(options.verify_filter)});
  table.add({.long_name = "max-inflight",
             .short_letter = 'M',
             .value = "COUNT",
             .help = "QoS 1 and 2 messages sent before the first is acknowledged",
             .default_text = "1000, before 5.0 with QoS 2 20",
             .set = cli::store_number(options.connection.connect.maximum_in_flight, 1, 65'535)});
  table.add(
      {.long_name = "quiet", .help = "Print no progress, no report and no errors of the run", .set = cli::silence()});
}

Accepted check(Options& options) {
  if (options.files.empty()) return std::unexpected("no recording to replay; name one, or - for standard input");
  const Version version = options.connection.connect.version;
  if (std::string problem = options.topics.problem(version); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  if (const Fault fault = TopicFilter::check(options.verify_filter, version)) {
    return std::unexpected(fmt::format("--verify-filter '{}': {}", options.verify_filter, rule_info(fault.rule).text));
  }
  if (!options.verify && options.verify_filter != "#") return std::unexpected("--verify-filter needs --verify");
  const bool input = std::ranges::find(options.files, "-") != options.files.end();
  if (input && options.passes != 1) return std::unexpected("--loop needs files: standard input is gone after one pass");
  if (options.expiry == Expiry::scale && !options.speed) {
    return std::unexpected("--expiry scale needs a --speed other than max");
  }
  const bool per_client = options.connections == Connections::per_client;
  if (!per_client && !(options.client_property.empty() && options.client_prefix.empty())) {
    return std::unexpected("--client-property and --client-prefix are for --connections per-client");
  }
  if (options.dry_run && options.verify) return std::unexpected("--dry-run sends nothing that --verify could see");
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  cli::OptionTable table{program_text()};
  table.add(cli::Positional{.value = "FILE",
                            .help = "A recording; - is standard input",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = cli::append(options.files)});
  add_timing_options(table, options);
  add_selection_options(table, options);
  add_change_options(table, options);
  cli::add_connection_options(
      table, options.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::disconnect},
       .reconnect_default = "forever once the broker was reached"});
  add_client_options(table, options);
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::replay
