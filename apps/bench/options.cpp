#include "bench/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "bench/address_range.hpp"
#include "bench/report_options.hpp"
#include "bench/settle.hpp"
#include "cli/setters.hpp"
#include "load/message_stamp.hpp"

namespace mqtk::bench {
namespace {

using cli::Accepted;
using cli::ExitStatus;
using Kind = Options::Kind;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-bench",
      .summary = "measure a broker under load",
      .synopsis = {"{pub | sub | pubsub | rtt | conn} [OPTION]...", "run SCENARIO [OPTION]...",
                   "find-max KIND --assert CONDITION... [OPTION]...", "compare BEFORE AFTER [--tolerance PERCENT]",
                   "merge RESULT... [OPTION]...", "init [NAME]", "sink [--listen URL]", "--print-schema"},
      .description =
          "Connects many clients and measures: pub publishes, sub receives what others publish, pubsub does both and "
          "checks that every message arrives, rtt sends requests "
          "and measures until the answers are there, conn connects and nothing else. run does what a "
          "scenario says: groups of different clients, phases of different rates, storms and more. init writes a "
          "ready-made scenario to start from, --print-schema the JSON Schema of all.\n\n"
          "Messages are sent on an absolute schedule, whatever the broker does, and latency counts from the time at "
          "which a message was due: a broker that stalls is seen as long as it stalls. The time from the actual send "
          "is shown beside it. With --closed or --max there is no schedule, and latency counts from the send.\n\n"
          "The first 16 bytes of each payload hold a stamp of publisher, sequence and time, by which loss, duplicates "
          "and reordering are told for each publisher and subscriber. sub reads the stamps of a pub that runs on the "
          "same machine; what was published before it came it does not miss.\n\n"
          "Without a broker given, mqtk-broker is started for the run. One line a second goes to standard error, the "
          "summary to standard output. Ctrl-C ends the run early with a valid report, a second one at once.\n\n"
          "Templates: topics, filters, client identifiers, user names and payloads may hold {i}, the number of the "
          "client "
          "in its group; {client}, its number among all; {n}, the number of the message; {time}, milliseconds since "
          "1970, or {time:rfc3339}; {random}, {random:100} or {random:20-30}; {client:COLUMN} and {row:COLUMN} from "
          "the "
          "row of the client or of the message in the file of --values. Filters and client identifiers know only what "
          "differs by client.\n\n"
          "sink is a broker that only acknowledges. A run with --sink shows the ceiling of this load test on this "
          "machine, before a broker is blamed.\n\n"
          "Without --reconnect clients connect once: a lost connection is an error of the run, and what its publisher "
          "had "
          "to send is counted as not sent. A run with errors ends with the status of the most frequent kind of error, "
          "unless an "
          "--assert about errors is given, which then decides.\n\n"
          "find-max looks for the highest rate at which all conditions hold: it doubles the rate until one fails, then "
          "halves the gap until --precision is reached, then repeats the highest rate twice. A rate counts only if it "
          "was "
          "really sent. compare tells two results apart, with 95 % confidence intervals from the seconds of their "
          "series, "
          "or from their repeats where both have been repeated. merge adds the results of processes that shared a load "
          "with --shard.",
      .examples = {{"1000 messages a second from end to end, against a broker started for it",
                    "mqtk bench pubsub --clients 10 --rate 1000 -q 1"},
                   {"As fast as a broker takes them", "mqtk bench pub --max --clients 4 --url mqtt://localhost"},
                   {"A ready-made scenario, changed and run",
                    "mqtk bench init mixed-fleet && mqtk bench run mixed-fleet.json"},
                   {"What this machine can send at most", "mqtk bench pub --max --sink"},
                   {"5000 connections", "mqtk bench conn --clients 5000 -h localhost"},
                   {"A verdict for a script",
                    "mqtk bench pubsub --rate 5k --assert 'p99(latency)<20ms' --assert 'loss==0'"},
                   {"The highest rate that a broker takes in time",
                    "mqtk bench find-max pubsub -q 1 --assert 'p99(latency)<20ms' --assert 'loss==0' -h localhost"},
                   {"Has it become slower?", "mqtk bench compare before.json after.json --tolerance 5"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::assertion_failed, ExitStatus::local_failure},
      .see_also = {"mqtk-broker(1)", "mqtk-pub(1)"},
  };
}

// "5000", "5k", "1.5M", also with "/s" behind.
cli::Setter store_rate(std::optional<double>& target) {
  return [&target](std::string_view text) -> Accepted {
    if (text.ends_with("/s")) text.remove_suffix(2);
    double factor = 1;
    if (text.ends_with('k')) factor = 1e3;
    if (text.ends_with('M')) factor = 1e6;
    if (factor > 1) text.remove_suffix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value * factor >= 0.001) ||
        value * factor > 1e8) {
      return std::unexpected("not a number of messages a second from 0.001 to 100M, such as 500, 5k or 1.5M");
    }
    target = value * factor;
    return {};
  };
}

// Adds options that only some kinds of load know, and notes that they were given.
class LoadOptions {
 public:
  LoadOptions(cli::OptionTable& table, Options& options) : table_(table), given_(options.typed.given) {}
  void add(cli::Option option) {
    option.set = [&given = given_, name = option.long_name, set = option.set](std::string_view text) {
      given.push_back(name);
      return set(text);
    };
    table_.add(std::move(option));
  }

 private:
  cli::OptionTable& table_;
  std::vector<std::string>& given_;
};

void add_clients(cli::OptionTable& table, Options& options) {
  LoadOptions load{table, options};
  Options::Typed& typed = options.typed;
  table.group("Load");
  load.add({.long_name = "clients",
            .value = "N",
            .help = "Number of clients; with pubsub of publishers, and of subscribers unless --subscribers is given",
            .default_text = "1",
            .set = cli::store_number(typed.clients, 1, 1'000'000)});
  load.add({.long_name = "subscribers",
            .value = "N",
            .help = "With pubsub: number of subscribers",
            .set = cli::store_number(typed.subscribers, 1, 1'000'000)});
  load.add({.long_name = "responders",
            .value = "N",
            .help = "With rtt: number of clients that answer; 0 where a service at the broker does",
            .default_text = "1",
            .set = cli::store_number(typed.responders, 0, 1'000'000)});
  load.add({.long_name = "topic",
            .short_letter = 't',
            .value = "TOPIC",
            .help = "Topic Name to publish to; {i} is the number of the publisher",
            .manual = "Other places that are filled in: {client}, {n}, {time} and {random}, see Templates below.",
            .completion = cli::Completion::topic,
            .default_text = "mqtk/bench/{i}, with rtt mqtk/bench/request",
            .set = cli::store(typed.topic)});
  load.add({.long_name = "filter",
            .value = "FILTER",
            .help = "Topic Filter to subscribe to; {i} is the number of the subscriber",
            .manual = "With pubsub the numbers start over after the last publisher, and without this option each "
                      "subscriber receives from one publisher, or from all where there are fewer subscribers than "
                      "publishers. With sub it is mqtk/bench/+. Of a Shared Subscription each message is expected "
                      "once, whoever receives it, and in no order.",
            .completion = cli::Completion::topic,
            .set = cli::store(typed.filter)});
  load.add({.long_name = "size",
            .value = "BYTES",
            .help = "Size of the payloads, the stamp of 16 bytes included",
            .default_text = "16",
            .set = cli::store_number(typed.load.payload.size_bytes, MessageStamp::size_bytes, 100'000'000)});
  load.add({.long_name = "payload",
            .value = "TEMPLATE",
            .help = "Payload of the messages, such as '{\"n\":{n}}'",
            .manual =
                "The stamp then travels in a User Property, which needs version 5. Braces that hold nothing known "
                "are text.",
            .set = cli::store(typed.payload)});
  load.add({.long_name = "payload-file",
            .value = "FILE",
            .help = "Payload from a file; several are sent in turn",
            .completion = cli::Completion::file,
            .repeatable = true,
            .set = cli::append(typed.payload_files)});
  load.add({.long_name = "values",
            .value = "FILE",
            .help = "Rows of values for templates; the first line names the columns",
            .completion = cli::Completion::file,
            .set = cli::store(typed.csv)});
  load.add({.long_name = "qos",
            .short_letter = 'q',
            .value = "QOS",
            .help = "Quality of Service of messages and subscriptions: 0, 1 or 2",
            .completion = cli::Completion::choice,
            .choices = {"0", "1", "2"},
            .default_text = "0",
            .set = cli::store(typed.load.qos)});
  load.add({.long_name = "retain",
            .short_letter = 'r',
            .help = "Publish with RETAIN",
            .set = cli::set_true(typed.load.retain)});
}

void add_pace(cli::OptionTable& table, Options& options) {
  LoadOptions load{table, options};
  Options::Typed& typed = options.typed;
  table.group("Pace");
  load.add({.long_name = "rate",
            .value = "RATE",
            .help = "Messages a second of all publishers together, such as 500, 5k or 1.5M",
            .default_text = "1000",
            .set = store_rate(typed.rate)});
  load.add({.long_name = "rate-per-client",
            .value = "RATE",
            .help = "Messages a second of each publisher",
            .set = store_rate(typed.rate_per_client)});
  load.add({.long_name = "arrivals",
            .value = "KIND",
            .help = "Evenly spaced (fixed), or at random as independent senders are (poisson)",
            .completion = cli::Completion::choice,
            .choices = {"fixed", "poisson"},
            .default_text = "fixed",
            .set = cli::store_choice<Arrivals>(typed.load.arrivals,
                                               {{"fixed", Arrivals::fixed}, {"poisson", Arrivals::poisson}})});
  load.add({.long_name = "granularity",
            .value = "DURATION",
            .help = "Send together what is due within this time; 0: each message on time, which costs more",
            .manual = "At rates of which less than one message is due in this time it changes nothing. By how much "
                      "messages are sent too late is stated, and part of their latency.",
            .default_text = "1ms",
            .set = cli::store(options.scenario.granularity)});
  load.add({.long_name = "closed",
            .value = "N",
            .help = "Closed loop at QoS 1 or 2: N messages of each publisher in flight, no schedule",
            .manual = "Such a run slows down with the broker, and its latencies leave the waiting out.",
            .set = cli::store_number(typed.closed, 1, 65'535)});
  load.add({.long_name = "max",
            .help = "As fast as the broker takes the messages, within --max-inflight and 256 KiB per connection",
            .set = cli::set_true(typed.max)});
  load.add({.long_name = "max-inflight",
            .short_letter = 'M',
            .value = "N",
            .help = "QoS 1 and 2 messages of a publisher sent before the first is acknowledged",
            .manual = "The broker's Receive Maximum may allow fewer. Messages that are due meanwhile wait, which "
                      "their latency shows.",
            .default_text = "1000, before 5.0 at QoS 2 20",
            .set = cli::store_number(typed.load.in_flight, 1, 65'535)});
  load.add({.long_name = "duration",
            .value = "DURATION",
            .help = "How long to send or receive, or with conn to hold the connections",
            .default_text = "10s, with conn 0",
            .set = cli::store(typed.duration)});
  load.add({.long_name = "messages",
            .value = "N",
            .help = "End when all publishers together have sent N messages, or sub has received N",
            .set = cli::store_number(typed.load.messages, 1, 4'000'000'000)});
  load.add({.long_name = "warmup",
            .value = "DURATION",
            .help = "Send this long before what is measured; loss is counted here, too",
            .default_text = "0",
            .set = cli::store(typed.warm_up)});
  load.add({.long_name = "drain",
            .value = "DURATION",
            .help = "Longest wait at the end for what is under way",
            .default_text = "5s",
            .set = cli::store(options.scenario.drain)});
  load.add({.long_name = "pending",
            .value = "N",
            .help = "Handshakes at a time; brokers listen with short backlogs",
            .manual = "Where more clients wait than the broker's backlog holds, some try again only after a second.",
            .default_text = "64",
            .set = cli::store_number(options.scenario.most_pending, 1, 100'000)});
}

}  // namespace

Kind kind_of(std::string_view word) {
  for (const Kind kind : {Kind::publish, Kind::subscribe, Kind::both, Kind::round_trip, Kind::connect, Kind::scenario,
                          Kind::init, Kind::sink}) {
    if (kind_name(kind) == word) return kind;
  }
  return Kind::none;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::publish: return "pub";
    case Kind::subscribe: return "sub";
    case Kind::both: return "pubsub";
    case Kind::round_trip: return "rtt";
    case Kind::connect: return "conn";
    case Kind::scenario: return "run";
    case Kind::init: return "init";
    case Kind::sink: return "sink";
    case Kind::none: break;
  }
  return "";
}

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  table.add(cli::Positional{.value = "KIND",
                            .help = "pub, sub, pubsub, rtt, conn or run; find-max, compare or merge; init or sink",
                            .set = [&options](std::string_view word) -> Accepted {
                              using Task = Options::Task;
                              constexpr std::array<std::pair<std::string_view, Task>, 3> tasks = {
                                  {{"find-max", Task::find_max}, {"compare", Task::compare}, {"merge", Task::merge}}};
                              const auto task =
                                  std::ranges::find(tasks, word, &std::pair<std::string_view, Task>::first);
                              if (task != tasks.end()) options.task = task->second;
                              options.kind = kind_of(word);
                              if (task != tasks.end() || options.kind != Kind::none) return {};
                              return std::unexpected(cli::not_one_of({"pub", "sub", "pubsub", "rtt", "conn", "run",
                                                                      "find-max", "compare", "merge", "init", "sink"}));
                            }});
  table.add(cli::Positional{.value = "WORD",
                            .help = "With run a file or the name of a ready-made scenario, with init its name; with "
                                    "find-max the kind of load; with compare and merge files of results",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = cli::append(options.typed.words)});
  add_clients(table, options);
  add_pace(table, options);
  cli::add_connection_options(table, options.connection,
                              {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::publish,
                                                   PropertyScope::subscribe},
                               .clients = cli::ConnectionUse::Clients::many});
  table.group("Connection");
  table.add({.long_name = "broker",
             .value = "WHICH",
             .help = "embedded: start mqtk-broker on a free port for this run, as is done where none is given",
             .completion = cli::Completion::choice,
             .choices = {"embedded"},
             .set = cli::store_choice<bool>(options.typed.embedded_broker, {{"embedded", true}})});
  table.add({.long_name = "sink",
             .help = "Instead of a broker start a sink that only acknowledges: shows the load test's own ceiling",
             .set = cli::set_true(options.typed.sink)});
  table.add({.long_name = "listen",
             .value = "URL",
             .help = "With sink: where it listens",
             .default_text = "mqtt://127.0.0.1:0, a free port",
             .set = cli::store_parsed(options.typed.listen, parse_endpoint)});
  table.add({.long_name = "bind-range",
             .value = "ADDRESSES",
             .help = "Connect from these local addresses in turn, such as 127.0.0.1-127.0.0.9",
             .manual = "Each address has its own range of ports, of which there are about 28,000.",
             .set = cli::store_parsed(options.typed.source_addresses, parse_address_range)});
  table.add({.long_name = "threads",
             .value = "N",
             .help = "Spread the clients over N threads, each with an event loop of its own",
             .default_text = "1",
             .set = cli::store_number(options.typed.threads, 1, 256)});
  add_report_options(table, options);
  add_sharing_options(table, options);
  table.check([&options] { return settle(options); });
  return table;
}

}  // namespace mqtk::bench
