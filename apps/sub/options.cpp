#include "sub/options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"
#include "sub/file_output.hpp"

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
                   {"Several filters, each with its QoS", "mqtk sub -t 'a/+:1' -t 'b/#:2,no-local'"},
                   {"A table of topics that changes as messages come", "mqtk sub --watch -t '#'"},
                   {"One JSON object for each message", "mqtk sub --json -t 'room/#'"},
                   {"Wait until a job has ended", "mqtk sub -t job/7 --until 'json:/state==done' --timeout 5m"},
                   {"List what a broker keeps", "mqtk sub -v -t '#' --retained-only"},
                   {"One file for each topic", "mqtk sub -t 'room/#' -o 'log/{topic}.txt'"},
                   {"Run a command for each message, four at a time", "mqtk sub -t photos --exec ./classify --jobs 4"},
                   {"Receive also what came since the last run", "mqtk sub -c -i archive -q 1 -t 'room/#'"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::assertion_failed, ExitStatus::local_failure},
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

cli::Setter set_retained(Options& options, Options::Retained value) {
  return [&options, value](std::string_view) -> Accepted {
    if (options.retained != Options::Retained::shown && options.retained != value) {
      return std::unexpected("hidden (--no-retained) and asked for, retained messages cannot be both");
    }
    options.retained = value;
    return {};
  };
}

// "10%", "0.1"
Accepted set_sample(Options& options, std::string_view text) {
  double share = 0;
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (percent) share /= 100;
  if (error != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1)) {
    return std::unexpected("not a share such as 10% or 0.1");
  }
  options.random_sample = share;
  return {};
}

void add_subscription_options(cli::OptionTable& table, Options& options) {
  table.group("Subscription");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Topic Filter, also FILTER:QOS or FILTER:OPTION,...",
             .manual = "+ stands for one level and # at the end for all that follow; $share/NAME/FILTER shares the "
                       "messages among all subscribers of that name. Behind a colon a filter may have options of its "
                       "own, with commas between them: 0, 1, 2, no-local, retain-as-published, "
                       "retain-handling=always, retain-handling=new and retain-handling=never. A filter that itself "
                       "ends in a colon and such words needs a QoS behind it.",
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
             .set = set_retained(options, Options::Retained::hidden)});
  table.add({.long_name = "retained-only",
             .help = "Print only retained messages and end when no more of them come",
             .manual = "The end is the first other message, or a second without any; --idle sets another time.",
             .set = set_retained(options, Options::Retained::only)});
  table.add({.long_name = "clear-retained",
             .help = "Print and remove the retained messages that match, then end as with --retained-only",
             .set = [&options](std::string_view text) -> Accepted {
               options.clear_retained = true;
               return set_retained(options, Options::Retained::only)(text);
             }});
  table.add(
      {.long_name = "dry-run", .help = "With --clear-retained: print only", .set = cli::set_true(options.dry_run)});
  table.add({.long_name = "random-sample",
             .value = "SHARE",
             .help = "Print only this share of the messages, chosen at random: 10% or 0.1",
             .set = [&options](std::string_view text) { return set_sample(options, text); }});
  table.add({.long_name = "filter-out",
             .short_letter = 'T',
             .value = "FILTER",
             .help = "Do not print messages whose topic matches",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.hidden_filters)});
}

void add_output_options(cli::OptionTable& table, Options& options) {
  cli::add_message_format_options(table, options.format);
  table.add({.long_name = "watch",
             .help = "Show a table of topics with their latest values, ages, rates and counts",
             .manual = "Keys: t, v, a, r, c and k sort by topic, value, age, rate, count and what the broker kept when "
                       "it was subscribed; the same key again turns the order round. / filters: a part of topics, or a "
                       "Topic Filter. Space pauses, arrows and Page Up and Down scroll, q ends. A K stands where the "
                       "broker kept a message, a question mark where it does not say how old that is. Needs a "
                       "terminal.",
             .set = cli::set_true(options.watch)});
  table.add({.long_name = "output",
             .short_letter = 'o',
             .value = "PATTERN",
             .help = "Append to files instead, such as log/{topic}.txt; with {n} one file for each message",
             .manual =
                 "{topic} is the topic with a folder for each level but the last, {n} the number of the message. "
                 "Folders are made. Levels that would lead elsewhere, such as .., are written as %2E%2E, an empty "
                 "level as %. A file of its own holds the message without a line break behind it.",
             .completion = cli::Completion::file,
             .set = [&options](std::string_view text) -> Accepted {
               if (const auto valid = FileOutput::check(text); !valid) return std::unexpected(valid.error());
               options.files = text;
               return {};
             }});
  table.add({.long_name = "exec",
             .value = "COMMAND",
             .help = "Run this shell command for each message, its payload at standard input",
             .manual =
                 "The environment holds MQTK_TOPIC, MQTK_QOS, MQTK_RETAIN, and where the message has them "
                 "MQTK_CONTENT_TYPE, MQTK_RESPONSE_TOPIC, MQTK_CORRELATION_DATA, MQTK_MESSAGE_EXPIRY_INTERVAL, "
                 "MQTK_PAYLOAD_FORMAT_INDICATOR and, as JSON, MQTK_PROPERTIES. A message is acknowledged when its "
                 "command has ended. Where commands failed the exit status is 9.",
             .set = cli::store(options.command)});
  table.add({.long_name = "jobs",
             .value = "COUNT",
             .help = "With --exec: commands that run at the same time",
             .default_text = "1",
             .set = cli::store_number(options.jobs, 1, 1000)});
}

Accepted set_count(Options& options, std::string_view text, bool is_expected) {
  if (options.count) return std::unexpected("the count is given twice; use one of --count and --expect");
  const auto number = cli::parse_number(text, 1, UINT64_MAX);
  if (!number) return std::unexpected(number.error());
  options.count = *number;
  options.count_is_expected = is_expected;
  return {};
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "End after so many messages",
             .manual = "Messages beyond the count are not acknowledged: a session that is kept has them next time.",
             .set = [&options](std::string_view text) { return set_count(options, text, false); }});
  table.add({.long_name = "expect",
             .value = "COUNT",
             .help = "The same, and status 8 where fewer came before --timeout, --idle or a signal ended it",
             .set = [&options](std::string_view text) { return set_count(options, text, true); }});
  table.add({.long_name = "until",
             .value = "CONDITION",
             .help = "End after a message such as json:/state==done, topic:job/+/done or payload:bye",
             .manual =
                 "json: takes a JSON Pointer, and ==, !=, <, <=, > or >= with a value, or nothing where the member "
                 "only has to be there.",
             .set = cli::store(options.until)});
  table.add({.long_name = "idle",
             .value = "DURATION",
             .help = "End when no message has come for so long",
             .default_text = "1s with --retained-only and --clear-retained",
             .set = cli::store(options.idle)});
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
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
}

Accepted check_filter(std::string_view option, const std::string& filter, Version version) {
  if (const Fault fault = TopicFilter::check(filter, version)) {
    return std::unexpected(fmt::format("{} '{}': {}", option, filter, rule_info(fault.rule).text));
  }
  return {};
}

Accepted check_watch(const Options& options) {
  if (!options.watch) return {};
  using Format = cli::MessageFormat;
  const bool formatted = options.format.form != Format::Form::payload || !options.format.newline ||
                         options.format.payload != Format::Payload::as_it_is;
  if (options.files || options.command || formatted) {
    return std::unexpected("--watch shows a table and prints nothing else; leave out the other options of the output");
  }
  if (::isatty(STDOUT_FILENO) == 0) return std::unexpected("--watch: standard output is no terminal; use -v");
  return {};
}

Accepted check(Options& options) {
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
  if (options.needs_v5() && version != Version::v5) {
    return std::unexpected("--no-local, --retain-as-published and --retain-handling need version 5");
  }
  if (options.until) {
    auto condition = EndCondition::parse(*options.until, version);
    if (!condition) return std::unexpected(fmt::format("--until '{}': {}", *options.until, condition.error()));
    options.end_condition = std::move(*condition);
  }
  if (options.files && options.command) return std::unexpected("--output and --exec exclude each other; give one");
  if (const Accepted watched = check_watch(options); !watched) return watched;
  if (options.jobs > 1 && !options.command) return std::unexpected("--jobs needs --exec");
  if (options.dry_run && !options.clear_retained) return std::unexpected("--dry-run needs --clear-retained");
  return cli::check_message_format(options.format);
}

// False where the word is no option of a filter.
bool take_filter_option(std::string_view word, RequestedFilter& filter) {
  if (word == "no-local") {
    filter.no_local = true;
  } else if (word == "retain-as-published") {
    filter.retain_as_published = true;
  } else if (word == "retain-handling=always") {
    filter.retain_handling = RetainHandling::send;
  } else if (word == "retain-handling=new") {
    filter.retain_handling = RetainHandling::send_if_new;
  } else if (word == "retain-handling=never") {
    filter.retain_handling = RetainHandling::do_not_send;
  } else if (word.size() == 1 && word[0] >= '0' && word[0] <= '2') {
    filter.qos = static_cast<QoS>(word[0] - '0');
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool Options::needs_v5() const {
  return no_local || retain_as_published || retain_handling ||
         std::ranges::any_of(filters, [](const RequestedFilter& filter) {
           return filter.no_local || filter.retain_as_published || filter.retain_handling;
         });
}

RequestedFilter parse_filter(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {.topic_filter = std::string{text}};
  RequestedFilter filter{.topic_filter = std::string{text.substr(0, colon)}};
  std::string_view words = text.substr(colon + 1);
  for (bool more = true; more;) {
    const std::size_t comma = words.find(',');
    if (!take_filter_option(words.substr(0, comma), filter)) return {.topic_filter = std::string{text}};
    more = comma != std::string_view::npos;
    if (more) words.remove_prefix(comma + 1);
  }
  return filter;
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
