// The result of a load test with everything that is told about it, and its form as JSON: what one program writes
// another reads back, compares, or adds to others.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "load/clock_comparison.hpp"
#include "load/load_result.hpp"
#include "load/threshold.hpp"

namespace mqtk {

struct CheckedThreshold {
  std::string text;
  Threshold::Verdict verdict;
};

// One of several runs of the same scenario.
struct RepeatFigures {
  double sent_rate = 0;
  double acknowledged_rate = 0;
  double received_rate = 0;
  std::uint64_t lost = 0;
  std::uint64_t errors = 0;
  Duration mean{0};  // of the main latency
  Duration p50{0};
  Duration p99{0};
  Duration p999{0};

  [[nodiscard]] static RepeatFigures of(const LoadResult& result);
};

// One rate of a search for the highest.
struct SearchTrial {
  double rate = 0;
  std::string stage;  // "stepping", "bisecting", "confirming"
  bool holds = false;
  std::string shortcoming;  // why not
  RepeatFigures figures;
};

struct LoadReport {
  std::string title;         // "pubsub: 10 publishers, 10 subscribers, QoS 1": what was asked for
  std::string broker;        // "127.0.0.1:1883, started for this run"
  std::string tool_version;  // "0.1.0"
  std::string scenario;      // as run, a JSON object
  std::string machine;       // facts, a JSON object
  LoadResult result;
  ProcessUse generator;       // its memory is the peak
  std::uint32_t threads = 1;  // that made the load
  WallTime started_at;
  WallTime ended_at;
  bool run_failed = false;  // by errors that no threshold judges
  std::vector<CheckedThreshold> thresholds;
  std::vector<RepeatFigures> repeats;  // of a run that was repeated
  std::vector<SearchTrial> trials;     // of a search, in their order
  double highest_rate = 0;             // that it found
  std::uint32_t shard = 1;             // of `shards` processes that share the scenario, from 1
  std::uint32_t shards = 1;
  std::string run;  // the same for all of them
  // Of a part: how far part 1's clocks are ahead of its own, if that became known; of a merged result: of the part for
  // which the clocks that people read differ most.
  struct Clock {
    ClockDifference first_part;
    bool is_same = false;  // part 1 reads the very same clock
  };
  std::optional<Clock> clock;
  std::vector<std::string> deferred;  // conditions of a part that only the sum of all parts can judge
  std::vector<std::string> parts;     // of a merged result: facts of each, JSON objects
  // What the broker says about itself, first and last value of each topic.
  struct BrokerFigure {
    std::string topic;
    std::string first;
    std::string last;
  };
  std::vector<BrokerFigure> broker_figures;

  // "pubsub"
  [[nodiscard]] std::string_view kind() const { return std::string_view{title}.substr(0, title.find(':')); }
};

// One JSON document that ends with a line break.
[[nodiscard]] std::string to_json(const LoadReport& report);

// Reads it back. Histograms, counts and series are exact; the error says what is wrong.
[[nodiscard]] std::expected<LoadReport, std::string> read_load_report(std::string_view json);

// The members of a JSON object in a table: ("payload.bytes", "16"). Empty for any other text.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> json_facts(std::string_view object);

// Adds the reports of parts that ran at the same time, at least one. Thresholds are left for the caller to check anew.
// What a merged result lacks parts of can be merged with these later.
[[nodiscard]] LoadReport merge(std::vector<LoadReport> parts);

// Facts of the parts that a result is made of, JSON objects: of itself, where nothing has been merged.
[[nodiscard]] std::vector<std::string> parts_of(const LoadReport& report);

// Whether these facts tell of the same run of the same process: its result must be added only once.
[[nodiscard]] bool is_same_part(std::string_view one, std::string_view other);

// The parts of a shared load that a merged result lacks, such as "part 2 of 3"; empty if none.
[[nodiscard]] std::string missing_parts(const LoadReport& report);

// Why the figures are not the broker's, in one or two lines; empty if nothing speaks for that.
[[nodiscard]] std::string generator_notice(const LoadReport& report);

// What to know when reading the figures, a sentence each: lost handshakes, clocks that differ, verdicts left open.
[[nodiscard]] std::vector<std::string> remarks(const LoadReport& report);

}  // namespace mqtk
