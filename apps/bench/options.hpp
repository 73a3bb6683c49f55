// What `mqtk bench` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/shard.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"
#include "load/scenario.hpp"
#include "load/threshold.hpp"

namespace mqtk::bench {

struct Options {
  enum class Kind : std::uint8_t { none, publish, subscribe, both, round_trip, connect, scenario, init, sink };

  Kind kind = Kind::none;
  cli::ConnectionOptions connection;
  // Complete when parse() has returned, but for the endpoint of a broker of our own and the streams of the run.
  Scenario scenario;
  bool embedded_broker = false;
  bool sink = false;  // instead of a broker
  bool print_schema = false;
  std::vector<Threshold> thresholds;
  bool quiet = false;
  enum class Task : std::uint8_t { measure, find_max, compare, merge };
  Task task = Task::measure;
  std::uint32_t repeat = 1;
  double precision = 0.05;          // of find_max
  std::optional<double> tolerance;  // of compare
  bool system_topics = false;       // note what the broker says under $SYS
  std::optional<std::uint16_t> metrics_port;
  LoadSlice shard;                      // of the scenario, that this process does
  std::optional<std::string> start_at;  // as parse_start reads it
  std::optional<std::string> run_id;    // of the shared load, as typed
  RunIdentity run;                      // known when the run begins
  // Files to write at the end.
  std::optional<std::string> output;
  std::optional<std::string> series;
  std::optional<std::string> histogram_log;
  std::optional<std::string> junit;
  std::optional<std::string> html;
  std::optional<std::uint32_t> broker_process;  // whose processor time and memory are noted

  // As typed, before it is put together.
  struct Typed {
    std::vector<std::string> words;  // after the kind
    std::vector<std::string> given;  // names of the options of the load
    ClientGroup load;                // what the publishers, or else the subscribers, have of it
    std::uint32_t clients = 1;
    std::optional<std::uint32_t> subscribers;
    std::uint32_t responders = 1;
    std::optional<double> rate;
    std::optional<double> rate_per_client;
    std::optional<std::uint16_t> closed;
    bool max = false;
    std::optional<std::string> topic;
    std::optional<std::string> filter;
    std::optional<std::string> payload;
    std::vector<std::string> payload_files;
    std::optional<std::string> csv;
    Duration warm_up{0};
    std::optional<Duration> duration;
    std::uint32_t threads = 1;
    std::vector<std::string> source_addresses;
    bool embedded_broker = false;
    bool sink = false;
    Endpoint listen{.host = "127.0.0.1", .port = 0};
  } typed;
};

// None for a word that is no kind.
[[nodiscard]] Options::Kind kind_of(std::string_view word);

// "pub", "sub", "pubsub", "rtt", "conn", "run", "init", "sink"
[[nodiscard]] std::string_view kind_name(Options::Kind kind);

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::bench
