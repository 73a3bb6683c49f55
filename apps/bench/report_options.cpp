#include "bench/report_options.hpp"

#include <fmt/format.h>

#include <charconv>

#include "bench/machine.hpp"
#include "bench/shard.hpp"
#include "cli/setters.hpp"

namespace mqtk::bench {
namespace {

using cli::Accepted;

// "5" or "5%" is 0.05.
Accepted store_percent(std::string_view text, double least, double& part) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc{} || end != text.data() + text.size() || !(percent >= least) || percent > 100) {
    return std::unexpected(fmt::format("not a number of per cent from {:g} to 100", least));
  }
  part = percent / 100;
  return {};
}

}  // namespace

void add_report_options(cli::OptionTable& table, Options& options) {
  table.group("Report");
  table.add({.long_name = "output",
             .value = "FILE",
             .help = "Write the result as JSON, with HdrHistogram's histograms",
             .completion = cli::Completion::file,
             .set = cli::store(options.output)});
  const auto add_file = [&](std::string name, std::string help, std::optional<std::string>& target) {
    table.add({.long_name = std::move(name),
               .value = "FILE",
               .help = std::move(help),
               .completion = cli::Completion::file,
               .set = cli::store(target)});
  };
  add_file("html", "Write a report with charts as one HTML page that needs nothing else", options.html);
  add_file("series", "Write counts, latencies, processor time and memory of each second as CSV", options.series);
  add_file("hlog", "Write the interval log that HdrHistogram's tools read, one tag for each kind of latency",
           options.histogram_log);
  add_file("junit", "Write the verdicts as JUnit XML", options.junit);
  table.add({.long_name = "broker-pid",
             .value = "N",
             .help = "Note processor time and memory of this process, the broker, each second",
             .manual = "It must run on this machine. For a broker that is started for the run this is done by itself.",
             .set = [&options](std::string_view text) -> Accepted {
               const auto number = cli::parse_number(text, 1, 1U << 30);
               if (!number) return std::unexpected(number.error());
               const auto process = static_cast<std::uint32_t>(*number);
               if (!usage_of(process)) return std::unexpected("no such process on this machine");
               options.broker_process = process;
               return {};
             }});
  table.add({.long_name = "assert",
             .value = "CONDITION",
             .help = "End with status 8 if this does not hold, such as 'p99(latency)<20ms'",
             .manual =
                 "Latencies: p0 to p100, mean, max or min of latency, service (from the actual send), tcp, tls, "
                 "connack, connect, suback, publish, end_to_end, round_trip or lateness; 'latency' is that of the "
                 "answers with rtt, from end to end where messages are received, until the acknowledgement where they "
                 "are only sent, and else of connecting. Rates: rate(sent), "
                 "rate(acknowledged), rate(received) per second. Counts: loss, duplicates, out_of_order, sent, "
                 "received, acknowledged, unacknowledged, unrouted, connected, reconnected, subscribed, expected, "
                 "retained, foreign, errors. "
                 "Comparisons: < <= == != >= >. A latency that was never measured holds no condition.",
             .repeatable = true,
             .set = [&options](std::string_view text) -> Accepted {
               auto threshold = Threshold::parse(text);
               if (!threshold) return std::unexpected(threshold.error());
               options.thresholds.push_back(std::move(*threshold));
               return {};
             }});
  table.add({.long_name = "sys",
             .help = "Note what the broker says about itself under $SYS, with a client of its own",
             .manual = "After the run it waits for the broker's next word, for at most 12 seconds.",
             .set = cli::set_true(options.system_topics)});
  table.add({.long_name = "metrics-port",
             .value = "PORT",
             .help = "While it runs, answer GET /metrics on 127.0.0.1 at this port as Prometheus reads it",
             .set = cli::store_number(options.metrics_port, 1, 65'535)});
  table.add({.long_name = "repeat",
             .value = "N",
             .help = "Run it N times; the result is that of all, and each is told for itself",
             .default_text = "1",
             .set = cli::store_number(options.repeat, 1, 1000)});
  table.add({.long_name = "precision",
             .value = "PERCENT",
             .help = "With find-max: how close the rate that holds and the one that fails are to be",
             .default_text = "5",
             .set = [&options](std::string_view text) { return store_percent(text, 0.1, options.precision); }});
  table.add({.long_name = "tolerance",
             .value = "PERCENT",
             .help = "With compare: end with status 8 if something is shown to be worse by more than this",
             .set = [&options](std::string_view text) -> Accepted {
               double part = 0;
               if (auto read = store_percent(text, 0, part); !read) return read;
               options.tolerance = part;
               return {};
             }});
  table.add({.long_name = "print-schema",
             .help = "Print the JSON Schema of scenarios and end",
             .set = cli::set_true(options.print_schema)});
  table.add({.long_name = "quiet", .help = "Print nothing while it runs", .set = cli::set_true(options.quiet)});
}

void add_sharing_options(cli::OptionTable& table, Options& options) {
  table.group("Several processes");
  table.add(
      {.long_name = "shard",
       .value = "I/N",
       .help = "Do part I of N of the load, from 1; 'auto' asks Kubernetes, Slurm or GNU parallel for I and N",
       .manual =
           "Every Nth client of each group is connected, under its number in the whole, with its part of the "
           "rates and messages. 'auto' takes I from JOB_COMPLETION_INDEX (an Indexed Job of Kubernetes), "
           "SLURM_ARRAY_TASK_ID or PARALLEL_SEQ, and N from MQTK_SHARDS, SLURM_ARRAY_TASK_COUNT or, in "
           "'auto/N', from here. Conditions about loss are left to 'bench merge' of all parts, which judges them. "
           "The parts compare their clocks over the broker, under mqtk/bench/clocks/. Latency from one to another "
           "is corrected by the difference, and left out where that is not known to a tenth of the median. They know "
           "each other by --run-id.",
       .set = cli::store_parsed(options.shard, parse_shard)});
  table.add({.long_name = "run-id",
             .value = "TEXT",
             .help = "With --shard: what all parts of this load are given and no other load at this broker",
             .manual =
                 "By it the parts tell their messages and clocks from those of another load. Loads that differ in "
                 "their groups, phases, number of parts or --start-at need none. Parts that are given different "
                 "loads, such as topics of their own, do. The numbers that follow from it have 32 bits, as the random "
                 "ones of a load that is not shared: two loads of m and n publishers that hear each other take the "
                 "other's messages for their own with a probability of (m + n) / 2^32.",
             .default_text = "made of the load, the number of parts and --start-at",
             .set = cli::store(options.run_id)});
  table.add({.long_name = "start-at",
             .value = "TIME",
             .help = "Connect at once, and begin then: 2026-11-21T12:00:00Z, or next-minute",
             .manual =
                 "Lines up the parts of a shared load. next-minute is the next full minute that is at least 5 seconds "
                 "away. Where the time has passed, it starts at once and says so.",
             .set = [&options](std::string_view text) -> Accepted {
               if (!parse_start(text, WallTime{})) {
                 return std::unexpected("not a time such as 2026-11-21T12:00:00Z, and not next-minute");
               }
               options.start_at = text;
               return {};
             }});
}

}  // namespace mqtk::bench
