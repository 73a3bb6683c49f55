// Whatever the text is, it is read within its own size or refused with a reason.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "load/load_report.hpp"
#include "load/load_report_names.hpp"

namespace mqtk {
namespace {

using Json = nlohmann::ordered_json;

// The first thing that is wrong ends the reading of all others.
class Reader {
 public:
  std::string error;

  void complain(std::string_view where, std::string_view what) {
    if (error.empty()) error = fmt::format("{}: {}", where, what);
  }

  // Null if it is not there.
  static const Json* member(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }

  const Json& part(const Json& object, std::string_view name, Json::value_t type) {
    static const Json nothing = Json::object();
    static const Json no_list = Json::array();
    const Json* found = member(object, name);
    if (found != nullptr && found->type() == type) return *found;
    complain(name, found == nullptr ? "missing" : "not of the kind that is written there");
    return type == Json::value_t::array ? no_list : nothing;
  }

  std::uint64_t number(const Json& object, std::string_view name) {
    const Json* found = member(object, name);
    if (found != nullptr && found->is_number_unsigned()) return found->get<std::uint64_t>();
    complain(name, "no number");
    return 0;
  }
  // A number of nanoseconds; a series may begin before the start.
  Duration duration(const Json& object, std::string_view name) {
    const Json* found = member(object, name);
    constexpr std::int64_t most = std::int64_t{1} << 56;  // 2 years: sums with times do not overflow
    if (found != nullptr && found->is_number_integer()) {
      const bool huge = found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(most);
      const std::int64_t count = huge ? most + 1 : found->get<std::int64_t>();
      if (count >= -most && count <= most) return Duration{count};
    }
    complain(name, "no duration");
    return Duration{0};
  }
  double real(const Json& object, std::string_view name) {
    const Json* found = member(object, name);
    if (found != nullptr && found->is_number()) return found->get<double>();
    complain(name, "no number");
    return 0;
  }
  std::string text(const Json& object, std::string_view name) {
    const Json* found = member(object, name);
    if (found != nullptr && found->is_string()) return found->get<std::string>();
    complain(name, "no text");
    return {};
  }
  bool flag(const Json& object, std::string_view name) {
    const Json* found = member(object, name);
    if (found != nullptr && found->is_boolean()) return found->get<bool>();
    complain(name, "neither true nor false");
    return false;
  }
  WallTime time(const Json& object, std::string_view name) {
    const auto time = parse_rfc3339(text(object, name));
    constexpr WallTime least{};
    constexpr WallTime most = least + std::chrono::hours{200 * 365 * 24};
    if (time && *time >= least && *time <= most) return *time;
    complain(name, "no time of this age");
    return least;
  }
};

std::optional<Latency> latency_named(std::string_view name) {
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    if (latency_name(static_cast<Latency>(i)) == name) return static_cast<Latency>(i);
  }
  return std::nullopt;
}

void read_histogram(Reader& reader, std::string_view name, const Json& latency, Histogram& histogram) {
  if (!latency.is_object()) return reader.complain(name, "no object");
  auto decoded = Histogram::decode(reader.text(latency, "histogram"));
  if (!decoded) return reader.complain(name, decoded.error());
  decoded->restore_extremes(reader.duration(latency, "min_ns"), reader.duration(latency, "max_ns"));
  histogram = std::move(*decoded);
}

ProcessUse read_process(Reader& reader, const Json& object, std::string_view memory) {
  return {.processor_time = reader.duration(object, "processor_time_ns"),
          .memory_bytes = reader.number(object, memory)};
}

LoadInterval read_interval(Reader& reader, const Json& object) {
  LoadInterval interval;
  if (!object.is_object()) {
    reader.complain("series", "not a list of objects");
    return interval;
  }
  interval.begin = reader.duration(object, "begin_ns");
  interval.length = reader.duration(object, "length_ns");
  for (const auto& [name, member] : report_names::traffic) interval.traffic.*member = reader.number(object, name);
  interval.sent_bytes = reader.number(object, "sent_bytes");
  interval.received_bytes = reader.number(object, "received_bytes");
  interval.errors = reader.number(object, "errors");
  const Json& latencies = reader.part(object, "latencies", Json::value_t::object);
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    const auto kind = static_cast<Latency>(i);
    const Json* latency = Reader::member(latencies, latency_name(kind));
    if (latency == nullptr) continue;
    Histogram histogram;
    read_histogram(reader, latency_name(kind), *latency, histogram);
    interval.latencies.push_back({kind, histogram.packed()});
  }
  interval.generator = read_process(reader, reader.part(object, "generator", Json::value_t::object), "memory_bytes");
  if (Reader::member(object, "broker") != nullptr) {
    interval.broker = read_process(reader, reader.part(object, "broker", Json::value_t::object), "memory_bytes");
  }
  return interval;
}

void read_errors(Reader& reader, const Json& list, LoadErrors& errors) {
  for (const Json& each : list) {
    if (!each.is_object()) return reader.complain("errors", "not a list of objects");
    const std::string kind = reader.text(each, "kind");
    std::size_t number = 0;
    while (number < load_error_kinds && load_error_name(static_cast<LoadErrorKind>(number)) != kind) ++number;
    if (number == load_error_kinds) return reader.complain("errors", "of a kind that is not known");
    const std::uint64_t code = Reader::member(each, "reason_code") == nullptr ? 0 : reader.number(each, "reason_code");
    if (code > 0xFF) return reader.complain("reason_code", "above 255");
    errors.add(static_cast<LoadErrorKind>(number), static_cast<ReasonCode>(code), reader.text(each, "text"),
               reader.number(each, "count"));
  }
}

void read_result(Reader& reader, const Json& document, LoadResult& result) {
  const Json& counts = reader.part(document, "counts", Json::value_t::object);
  const Json& measured = reader.part(document, "measured", Json::value_t::object);
  for (const auto& [name, member] : report_names::traffic) {
    result.counts.traffic.*member = reader.number(counts, name);
    result.measured.*member = reader.number(measured, name);
  }
  for (const auto& [name, member] : report_names::counts) result.counts.*member = reader.number(counts, name);
  const Json& times = reader.part(document, "times", Json::value_t::object);
  for (const auto& [name, member] : report_names::times) result.*member = reader.duration(times, name);
  result.ended_early = reader.flag(document, "ended_early");
  const Json& latencies = reader.part(document, "latencies", Json::value_t::object);
  for (const auto& [name, latency] : latencies.items()) {
    const auto kind = latency_named(name);
    if (!kind) return reader.complain("latencies", "of a kind that is not known");
    read_histogram(reader, name, latency, result.latency(*kind));
  }
  const auto main_latency = latency_named(reader.text(document, "main_latency"));
  if (!main_latency) return reader.complain("main_latency", "not a kind of latency");
  result.main_latency = *main_latency;
  read_errors(reader, reader.part(document, "errors", Json::value_t::array), result.errors);
  for (const Json& each : reader.part(document, "series", Json::value_t::array)) {
    if (!reader.error.empty()) return;
    result.series.push_back(read_interval(reader, each));
  }
}

RepeatFigures read_repeat(Reader& reader, const Json& object) {
  return {.sent_rate = reader.real(object, "sent_rate"),
          .acknowledged_rate = reader.real(object, "acknowledged_rate"),
          .received_rate = reader.real(object, "received_rate"),
          .lost = reader.number(object, "lost"),
          .errors = reader.number(object, "errors"),
          .mean = reader.duration(object, "mean_ns"),
          .p50 = reader.duration(object, "p50_ns"),
          .p99 = reader.duration(object, "p99_ns"),
          .p999 = reader.duration(object, "p99.9_ns")};
}

void read_clock(Reader& reader, const Json& document, LoadReport& report) {
  if (Reader::member(document, "clock") != nullptr) {
    const Json& clock = reader.part(document, "clock", Json::value_t::object);
    report.clock = {.first_part = {.steady = reader.duration(clock, "steady_behind_part_1_ns"),
                                   .wall = reader.duration(clock, "behind_part_1_ns"),
                                   .uncertainty = reader.duration(clock, "uncertainty_ns")},
                    .is_same = reader.flag(clock, "same_as_part_1")};
  }
  if (Reader::member(document, "one_way") == nullptr) return;
  const Json& one_way = reader.part(document, "one_way", Json::value_t::object);
  report.result.one_way = {.corrected = reader.number(one_way, "corrected"),
                           .not_timed = reader.number(one_way, "not_timed"),
                           .uncertainty = reader.duration(one_way, "uncertainty_ns"),
                           .is_left_out = reader.flag(one_way, "left_out")};
}

// Lists that only some results have.
void read_lists(Reader& reader, const Json& document, LoadReport& report) {
  const auto each_object = [&](std::string_view name, auto read) {
    if (Reader::member(document, name) == nullptr) return;
    for (const Json& each : reader.part(document, name, Json::value_t::array)) {
      if (!each.is_object()) return reader.complain(name, "not a list of objects");
      read(each);
    }
  };
  each_object("thresholds", [&](const Json& each) {
    report.thresholds.push_back(
        {.text = reader.text(each, "condition"),
         .verdict = {.holds = reader.flag(each, "holds"), .measured = reader.text(each, "measured")}});
  });
  each_object("deferred", [&](const Json& each) { report.deferred.push_back(reader.text(each, "condition")); });
  each_object("repeats", [&](const Json& each) { report.repeats.push_back(read_repeat(reader, each)); });
  each_object("trials", [&](const Json& each) {
    report.trials.push_back({.rate = reader.real(each, "rate"),
                             .stage = reader.text(each, "stage"),
                             .holds = reader.flag(each, "holds"),
                             .shortcoming = reader.text(each, "shortcoming"),
                             .figures = read_repeat(reader, each)});
  });
  each_object("parts", [&](const Json& each) { report.parts.push_back(each.dump()); });
  each_object("broker_figures", [&](const Json& each) {
    report.broker_figures.push_back(
        {reader.text(each, "topic"), reader.text(each, "first"), reader.text(each, "last")});
  });
}

// nlohmann/json recurses as deep as the text nests.
bool nests_deeply(std::string_view json) {
  constexpr int most = 64;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > most) return true;
  }
  return false;
}

void flatten(const Json& value, const std::string& name, std::vector<std::pair<std::string, std::string>>& facts) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      flatten(member, name.empty() ? key : fmt::format("{}.{}", name, key), facts);
  } else if (value.is_array() && (value.empty() || value.front().is_structured())) {
    for (std::size_t i = 0; i < value.size(); ++i) flatten(value[i], fmt::format("{}[{}]", name, i), facts);
  } else {
    facts.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

}  // namespace

std::expected<LoadReport, std::string> read_load_report(std::string_view json) {
  if (nests_deeply(json)) return std::unexpected("not a result of mqtk bench: it nests too deeply");
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) return std::unexpected("not JSON, or cut off");
  if (!document.is_object() || !document.contains("tool") || document["tool"] != "mqtk-bench") {
    return std::unexpected("not a result of mqtk bench");
  }
  Reader reader;
  const std::uint64_t version = reader.number(document, "schema_version");
  if (version != report_names::schema_version) {
    return std::unexpected(fmt::format("of another version of mqtk bench: schema {} instead of {}", version,
                                       report_names::schema_version));
  }
  LoadReport report;
  report.title = reader.text(document, "title");
  report.broker = reader.text(document, "broker");
  report.tool_version = reader.text(document, "tool_version");
  report.scenario = reader.part(document, "scenario", Json::value_t::object).dump();
  report.machine = reader.part(document, "machine", Json::value_t::object).dump();
  report.started_at = reader.time(document, "started_at");
  report.ended_at = reader.time(document, "ended_at");
  report.run_failed = reader.flag(document, "run_failed");
  const Json& generator = reader.part(document, "generator", Json::value_t::object);
  report.generator = read_process(reader, generator, "peak_memory_bytes");
  const std::uint64_t threads = reader.number(generator, "threads");
  if (threads < 1 || threads > 1'000'000) reader.complain("threads", "not a number of threads");
  report.threads = static_cast<std::uint32_t>(threads);
  if (Reader::member(document, "shard") != nullptr) {
    const Json& shard = reader.part(document, "shard", Json::value_t::object);
    const std::uint64_t number = reader.number(shard, "number");
    const std::uint64_t count = reader.number(shard, "count");
    if (number < 1 || count > 1'000'000 || number > count) reader.complain("shard", "no part of a whole");
    report.shard = static_cast<std::uint32_t>(number);
    report.shards = static_cast<std::uint32_t>(count);
    report.run = reader.text(shard, "run");
  }
  read_clock(reader, document, report);
  if (Reader::member(document, "highest_rate") != nullptr) report.highest_rate = reader.real(document, "highest_rate");
  read_result(reader, document, report.result);
  read_lists(reader, document, report);
  if (!reader.error.empty()) return std::unexpected("not a result of mqtk bench: " + reader.error);
  return report;
}

std::vector<std::pair<std::string, std::string>> json_facts(std::string_view object) {
  std::vector<std::pair<std::string, std::string>> facts;
  if (nests_deeply(object)) return facts;
  const Json value = Json::parse(object, nullptr, false);
  if (value.is_object()) flatten(value, {}, facts);
  return facts;
}

}  // namespace mqtk
