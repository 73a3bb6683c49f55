#include "sub/options.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::sub {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-sub",
      .summary = "subscribe and print messages",
      .synopsis = {"[OPTION]... -t FILTER [-t FILTER]..."},
      .description =
          "Subscribes and prints the payload of each message on a line of its own, until a limit is reached or the "
          "program is interrupted. Standard output holds messages and nothing else.\n\n"
          "A message is acknowledged after it was written out. With --no-clean and --id the broker keeps what comes "
          "while the program does not run, and nothing is lost between two runs.\n\n"
          "A lost connection is made again unless --reconnect says otherwise.",
      .examples = {{"Print all messages below a topic with their topics", "mqtk sub -v -t 'room/#'"},
                   {"Wait at most ten seconds for one message", "mqtk sub -t job/done -C 1 -W 10s"},
                   {"Several filters, each with its QoS", "mqtk sub -t 'a/+:1' -t 'b/#:2'"},
                   {"One JSON object for each message", "mqtk sub --json -t 'room/#'"},
                   {"Receive also what came since the last run", "mqtk sub -c -i archive -q 1 -t 'room/#'"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::local_failure},
      .see_also = {"mqtk-pub(1)", "mqtk-broker(1)"},
  };
}

template <class T>
cli::Setter set_to(T& target, T value) {
  return [&target, value](std::string_view) -> Accepted {
    target = value;
    return {};
  };
}

void add_subscription_options(cli::OptionTable& table, Options& options) {
  table.group("Subscription");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Topic Filter, also FILTER:QOS",
             .manual = "+ stands for one level and # at the end for all that follow; $share/NAME/FILTER shares the "
                       "messages among all subscribers of that name. A filter that itself ends in a colon and 0, 1 or "
                       "2 needs a QoS behind it.",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = [&options](std::string_view text) -> Accepted {
               options.filters.push_back(parse_filter(text));
               return {};
             }});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Highest QoS to receive at, where a filter does not say",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "0",
             .set = cli::store(options.qos)});
  table.add({.long_name = "unsubscribe",
             .short_letter = 'U',
             .value = "FILTER",
             .help = "Remove a subscription that the session has",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.unsubscribe_filters)});
  table.add({.long_name = "no-local",
             .help = "Do not receive what this client itself publishes",
             .set = cli::set_true(options.no_local)});
  table.add({.long_name = "retain-as-published",
             .help = "Keep the RETAIN flag as the publisher set it",
             .set = cli::set_true(options.retain_as_published)});
  table.add({.long_name = "retain-handling",
             .value = "WHEN",
             .help = "Whether the broker sends retained messages: always, new (subscriptions only) or never",
             .completion = cli::Completion::choice,
             .choices = {"always", "new", "never"},
             .default_text = "always",
             .set = cli::store_choice<std::optional<RetainHandling>>(options.retain_handling,
                                                                     {{"always", RetainHandling::send},
                                                                      {"new", RetainHandling::send_if_new},
                                                                      {"never", RetainHandling::do_not_send}})});
  table.add({.long_name = "no-retained",
             .short_letter = 'R',
             .help = "Do not print retained messages",
             .set = set_to(options.retained, Options::Retained::hidden)});
  table.add({.long_name = "retained-only",
             .help = "Print only retained messages and end at the first other one",
             .set = set_to(options.retained, Options::Retained::only)});
  table.add({.long_name = "filter-out",
             .short_letter = 'T',
             .value = "FILTER",
             .help = "Do not print messages whose topic matches",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.hidden_filters)});
}

void add_output_options(cli::OptionTable& table, Options& options) {
  table.group("Output");
  table.add({.long_name = "verbose",
             .short_letter = 'v',
             .help = "Print topic, a space and payload",
             .set = set_to(options.format, Options::Format::topic_and_payload)});
  table.add({.long_name = "json",
             .help = "Print each message as a JSON object on a line of its own",
             .set = set_to(options.format, Options::Format::json)});
  table.add({.long_name = "payload-json",
             .help = "With --json: add payload_json where the payload is JSON",
             .set = cli::set_true(options.payload_json)});
  table.add({.long_name = "format",
             .short_letter = 'F',
             .value = "TEMPLATE",
             .help = "Print by a template such as '%I %t %p'",
             .manual = "%t topic, %p payload, %x payload in hex, %l its length, %q QoS, %r retain, %m packet "
                       "identifier, %I time, %U time in seconds, %C content type, %R response topic, %D correlation "
                       "data, %E message expiry interval, %F payload format indicator, %P user properties, %S "
                       "subscription identifiers, %f and %d payload as float or double. %10p and %-10p pad, %.5t cuts. "
                       "@Y and so on go to strftime(3).",
             .set = [&options](std::string_view text) -> Accepted {
               auto parsed = cli::MessageTemplate::parse(text);
               if (!parsed) return std::unexpected(parsed.error());
               options.message_template = std::move(*parsed);
               options.format = Options::Format::by_template;
               return {};
             }});
  table.add({.long_name = "no-newline",
             .short_letter = 'N',
             .help = "Print no line break after a message",
             .set = cli::set_false(options.newline)});
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "End after so many messages",
             .manual = "Messages beyond the count are not acknowledged: a session that is kept has them next time.",
             .set = cli::store_number(options.count, 1, UINT64_MAX)});
  table.add({.long_name = "timeout",
             .short_letter = 'W',
             .value = "DURATION",
             .help = "End with status 6 after this time",
             .manual = "The whole run counts, connecting included.",
             .set = cli::store(options.timeout)});
  table.add({.long_name = "exit-after-suback",
             .short_letter = 'E',
             .help = "End as soon as the broker has answered the subscription",
             .set = set_to(options.after_suback, Options::AfterSuback::end)});
  table.add({.long_name = "ack-timeout",
             .value = "DURATION",
             .help = "End with status 6 when the broker does not answer the subscription for so long",
             .set = cli::store(options.connection.connect.acknowledge_timeout)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = [](std::string_view) -> Accepted {
               cli::set_quiet(cli::Quiet::yes);
               return {};
             }});
}

Accepted check_filter(std::string_view option, const std::string& filter, Version version) {
  if (const Fault fault = TopicFilter::check(filter, version)) {
    return std::unexpected(fmt::format("{} '{}': {}", option, filter, rule_info(fault.rule).text));
  }
  return {};
}

Accepted check(const Options& options) {
  const Version version = options.connection.connect.version;
  if (options.filters.empty() && options.unsubscribe_filters.empty()) {
    return std::unexpected("no topic to subscribe to; give it with -t");
  }
  for (const RequestedFilter& filter : options.filters) {
    if (const Accepted valid = check_filter("-t", filter.topic_filter, version); !valid) return valid;
  }
  for (const std::string& filter : options.unsubscribe_filters) {
    if (const Accepted valid = check_filter("-U", filter, version); !valid) return valid;
  }
  for (const std::string& filter : options.hidden_filters) {
    if (const Accepted valid = check_filter("-T", filter, version); !valid) return valid;
  }
  const bool wants_v5 = options.no_local || options.retain_as_published || options.retain_handling;
  if (wants_v5 && version != Version::v5) {
    return std::unexpected("--no-local, --retain-as-published and --retain-handling need version 5");
  }
  if (options.payload_json && options.format != Options::Format::json) {
    return std::unexpected("--payload-json needs --json");
  }
  return {};
}

}  // namespace

RequestedFilter parse_filter(std::string_view text) {
  const std::size_t colon = text.size() < 2 ? std::string_view::npos : text.size() - 2;
  if (colon == std::string_view::npos || text[colon] != ':' || text.back() < '0' || text.back() > '2') {
    return {std::string{text}, std::nullopt};
  }
  return {std::string{text.substr(0, colon)}, static_cast<QoS>(text.back() - '0')};
}

cli::OptionTable option_table(Options& options) {
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  options.connection.connect.acknowledge = ConnectOptions::Acknowledge::by_caller;
  cli::OptionTable table{program_text()};
  add_subscription_options(table, options);
  cli::add_connection_options(
      table, options.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::subscribe,
                           PropertyScope::unsubscribe, PropertyScope::disconnect},
       .reconnect_default = "forever once the broker was reached"});
  add_output_options(table, options);
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::sub
