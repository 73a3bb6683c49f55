#include "request/options.hpp"

#include <fmt/format.h>

#include "cli/json_view.hpp"
#include "cli/output.hpp"
#include "cli/publish_options.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::request {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-request",
      .summary = "publish requests and print the answers",
      .synopsis = {"[OPTION]... -t TOPIC {-m MESSAGE | -f FILE | -n | -s | -l}"},
      .description =
          "Publishes a request, waits for its answer, prints it and ends. The request carries a Response Topic, made "
          "for this run, and Correlation Data; an answer is what repeats the Correlation Data, so that late answers to "
          "somebody else's request are passed over.\n\n"
          "The Response Topic lies below the broker's Response Information where the broker gives one, otherwise it is "
          "mqtk/response/ and a random number. mqtk-respond answers.\n\n"
          "Programs that speak MQTT 3.1.1, such as Zigbee2MQTT and Tasmota, know no Response Topic: name the topic "
          "that "
          "they answer at with --response-topic, and with --match-json a member that they copy from the request to the "
          "answer.",
      .examples = {{"Ask and wait", "mqtk request -t cmd/kitchen -m state"},
                   {"One request for each line, eight at a time", "mqtk request -t lookup -l --parallel 8 < names"},
                   {"All answers that come within two seconds", "mqtk request -t discover -n --count all --timeout 2s"},
                   {"Ask Zigbee2MQTT",
                    "mqtk request -t zigbee2mqtt/bridge/request/permit_join -m '{\"time\":60}' "
                    "--response-topic zigbee2mqtt/bridge/response/permit_join --match-json /transaction"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::assertion_failed, ExitStatus::local_failure},
      .see_also = {"mqtk-respond(1)", "mqtk-pub(1)", "mqtk-sub(1)"},
  };
}

Accepted set_answers(Options& options, std::string_view text) {
  if (text == "all") {
    options.answers = Options::all_in_time;
    return {};
  }
  const auto number = cli::parse_number(text, 1, 1'000'000'000);
  if (!number) return std::unexpected("not 'all' or a whole number from 1 to 1000000000");
  options.answers = *number;
  return {};
}

void add_request_options(cli::OptionTable& table, Options& options) {
  table.group("Request");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "TOPIC",
             .help = "Topic Name to publish the request to",
             .completion = cli::Completion::topic,
             .set = cli::store(options.topic)});
  cli::add_message_input_options(table, options.input);
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Quality of Service of requests, and the highest of answers",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "0",
             .set = cli::store(options.qos)});
  cli::add_publish_property_options(table, options.connection, cli::PublishProperties::of_request);
}

void add_answer_options(cli::OptionTable& table, Options& options) {
  table.group("Answers");
  table.add({.long_name = "response-topic",
             .short_letter = 'e',
             .value = "TOPIC",
             .help = "Where the answers come",
             .default_text = "one made for this run",
             .set = cli::store(options.response_topic)});
  table.add({.long_name = "match-json",
             .value = "POINTER",
             .help = "An answer belongs to the request that has the same JSON value here, such as /transaction",
             .manual = "Instead of Correlation Data. A request that is a JSON object without this member of the first "
                       "level gets one.",
             .set = [&options](std::string_view text) -> Accepted {
               if (const auto fault = cli::json_pointer_fault(text)) return std::unexpected(*fault);
               options.match_json = text;
               return {};
             }});
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "Answers to wait for, each request; all: those that come within --timeout, at least one",
             .default_text = "1",
             .set = [&options](std::string_view text) { return set_answers(options, text); }});
  table.add({.long_name = "timeout",
             .short_letter = 'W',
             .value = "DURATION",
             .help = "Time for the answers to a request; status 6 when it runs out",
             .default_text = "10s",
             .set = cli::store(options.timeout)});
  table.add({.long_name = "parallel",
             .value = "COUNT",
             .help = "Requests that wait for their answers at the same time",
             .default_text = "1",
             .set = cli::store_number(options.parallel, 1, 10'000)});
  table.add({.long_name = "latency",
             .help = "Print to standard error how long the answers took",
             .set = cli::set_true(options.latency)});
}

Accepted check_topic(std::string_view option, std::string_view topic) {
  if (const Fault fault = TopicName::check(topic)) {
    return std::unexpected(fmt::format("{} '{}': {}", option, topic, rule_info(fault.rule).text));
  }
  return {};
}

Accepted check(Options& options) {
  if (options.topic.empty() && !options.input.has_topics()) {
    return std::unexpected("no topic to publish to; give it with -t");
  }
  if (!options.topic.empty()) {
    if (const Accepted topic = check_topic("-t", options.topic); !topic) return topic;
  }
  if (options.response_topic) {
    if (const Accepted topic = check_topic("--response-topic", *options.response_topic); !topic) return topic;
  }
  if (const Accepted input = cli::check_message_input(options.input); !input) return input;
  if (options.input.chunk_bytes) return std::unexpected("--chunk is for mqtk pub");
  const bool before_v5 = options.connection.connect.version != Version::v5;
  if (before_v5 && !options.response_topic) {
    return std::unexpected("before version 5 a request cannot say where to answer; give --response-topic");
  }
  if (before_v5 && !options.match_json && options.parallel > 1) {
    return std::unexpected("before version 5 answers are told apart by --match-json only; give it, or no --parallel");
  }
  return cli::check_message_format(options.format);
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  cli::OptionTable table{program_text()};
  add_request_options(table, options);
  cli::add_connection_options(table, options.connection,
                              {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::publish,
                                                   PropertyScope::subscribe, PropertyScope::disconnect},
                               .reconnect_default = "forever with -l once the broker was reached, otherwise no"});
  add_answer_options(table, options);
  cli::add_message_format_options(table, options.format, cli::PayloadOptions::without_encodings);
  table.group("Run");
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::request
