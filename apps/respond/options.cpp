#include "respond/options.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/publish_options.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::respond {
namespace {

using cli::Accepted;
using cli::ExitStatus;
using Answer = Options::Answer;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-respond",
      .summary = "answer requests with a command",
      .synopsis = {"[OPTION]... -t FILTER {--exec COMMAND | -m TEXT | --echo}"},
      .description =
          "Subscribes, runs a command for each request, and publishes what it prints to the request's Response Topic, "
          "with the request's Correlation Data. A line break at the end of the output is left out.\n\n"
          "The command finds the payload at its standard input and the rest in its environment: MQTK_TOPIC, MQTK_QOS, "
          "MQTK_RETAIN, MQTK_RESPONSE_TOPIC, MQTK_CORRELATION_DATA, MQTK_CONTENT_TYPE, and MQTK_PROPERTIES as JSON. A "
          "command that fails gives no answer; it is told on standard error, and the exit status at the end is 9.\n\n"
          "Requests without a Response Topic are told and passed over, unless --response-topic says where to answer.",
      .examples = {{"Tell the uptime", "mqtk respond -t cmd/uptime --exec uptime"},
                   {"Answer by topic and payload", "mqtk respond -t 'sum/+' --exec 'echo \"$MQTK_TOPIC $(wc -c)\"'"},
                   {"Send back what comes", "mqtk respond -t ping --echo"},
                   {"Answer clients of MQTT 3.1.1",
                    "mqtk respond -t 'cmnd/lamp/#' --exec ./lamp --response-topic '{topic}/result'"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk-request(1)", "mqtk-sub(1)", "mqtk-pub(1)"},
  };
}

cli::Setter choose(Options& options, Answer answer) {
  return [&options, answer](std::string_view value) -> Accepted {
    if (options.answer != Answer::none) {
      return std::unexpected("the answer is given twice; use one of --exec, -m and --echo");
    }
    options.answer = answer;
    options.text = value;
    return {};
  };
}

void add_request_options(cli::OptionTable& table, Options& options) {
  table.group("Requests");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Topic Filter of the requests",
             .manual = "With $share/NAME/FILTER several that respond share the requests.",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.filters)});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Highest QoS to receive at; an answer has the QoS of its request",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "1",
             .set = cli::store(options.qos)});
}

void add_answer_options(cli::OptionTable& table, Options& options) {
  table.group("Answers");
  table.add({.long_name = "exec",
             .value = "COMMAND",
             .help = "Answer with what this shell command prints",
             .set = choose(options, Answer::command)});
  table.add({.long_name = "message",
             .short_letter = 'm',
             .value = "TEXT",
             .help = "Answer with this text",
             .set = choose(options, Answer::text)});
  table.add({.long_name = "echo", .help = "Answer with the request's payload", .set = choose(options, Answer::echo)});
  table.add({.long_name = "jobs",
             .value = "COUNT",
             .help = "Commands that run at the same time",
             .default_text = "1",
             .set = cli::store_number(options.jobs, 1, 1000)});
  table.add({.long_name = "response-topic",
             .value = "TOPIC",
             .help = "Where to answer a request that does not say; {topic} stands for its topic",
             .set = cli::store(options.response_topic)});
  table.add({.long_name = "retain",
             .short_letter = 'r',
             .help = "Let the broker keep the answers for later subscribers",
             .set = cli::set_true(options.retain)});
  cli::add_publish_property_options(table, options.connection, cli::PublishProperties::of_request);
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "End after so many requests",
             .set = cli::store_number(options.count, 1, UINT64_MAX)});
  table.add({.long_name = "timeout",
             .short_letter = 'W',
             .value = "DURATION",
             .help = "End with status 6 after this time",
             .set = cli::store(options.timeout)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
}

Accepted check(const Options& options) {
  if (options.filters.empty()) return std::unexpected("no topic to subscribe to; give it with -t");
  for (const std::string& filter : options.filters) {
    if (const Fault fault = TopicFilter::check(filter, options.connection.connect.version)) {
      return std::unexpected(fmt::format("-t '{}': {}", filter, rule_info(fault.rule).text));
    }
  }
  if (options.answer == Answer::none) return std::unexpected("no answer; give --exec, -m or --echo");
  if (options.jobs > 1 && options.answer != Answer::command) return std::unexpected("--jobs needs --exec");
  const bool before_v5 = options.connection.connect.version != Version::v5;
  if (before_v5 && !options.response_topic) {
    return std::unexpected("before version 5 a request cannot say where to answer; give --response-topic");
  }
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  ConnectOptions& connect = options.connection.connect;
  connect.reconnect.attempts = ReconnectPolicy::forever;
  connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  connect.acknowledge = ConnectOptions::Acknowledge::by_caller;
  cli::OptionTable table{program_text()};
  add_request_options(table, options);
  cli::add_connection_options(table, options.connection,
                              {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::publish,
                                                   PropertyScope::subscribe, PropertyScope::disconnect},
                               .reconnect_default = "forever once the broker was reached"});
  add_answer_options(table, options);
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::respond
