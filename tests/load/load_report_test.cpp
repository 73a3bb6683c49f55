#include "load/load_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "load/histogram_log.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

LoadReport example(WallTime start, std::uint64_t sent) {
  LoadReport report;
  report.title = "pub: 1 publisher";
  report.broker = "127.0.0.1:1883";
  report.tool_version = "0.1.0";
  report.scenario = R"({"kind":"pub","group":{"count":2},"phases":[{"name":"hold"}],"hosts":["a","b"]})";
  report.machine = R"({"processors":2})";
  report.started_at = start;
  report.ended_at = start + 10s;
  LoadResult& result = report.result;
  result.main_latency = Latency::publish;
  result.counts.traffic.sent = result.measured.sent = sent;
  result.sending_time = 2s;
  result.connecting_time = 1s;
  result.latency(Latency::connect).record(1'234'567ns);
  result.latency(Latency::publish).record(7'654'321ns, sent);
  result.errors.add(LoadErrorKind::publish_refused, ReasonCode::quota_exceeded, "Quota \"exceeded\"", 3);
  LoadInterval interval;
  interval.length = 1s;
  interval.traffic.sent = sent;
  interval.latencies.push_back({Latency::publish, result.latency(Latency::publish).packed()});
  interval.generator = {.processor_time = 100ms, .memory_bytes = 4096};
  result.series.push_back(std::move(interval));
  report.thresholds.push_back({"sent>5", {.holds = true, .measured = "9"}});
  report.generator = {.processor_time = 3s, .memory_bytes = 8192};
  return report;
}

const WallTime noon = *parse_rfc3339("2026-11-21T12:00:00Z");

// Of two results as they are in files.
std::string sum(const std::string& one, const std::string& other) {
  std::vector<LoadReport> parts;
  parts.push_back(*read_load_report(one));
  parts.push_back(*read_load_report(other));
  return to_json(merge(std::move(parts)));
}

}  // namespace

TEST_CASE("a report that was written is read back with all that it says") {
  const std::string json = to_json(example(noon, 9));
  const auto read = read_load_report(json);
  REQUIRE_MESSAGE(read, read.error());
  CHECK(read->title == "pub: 1 publisher");
  CHECK(read->started_at == noon);
  CHECK(read->result.counts.traffic.sent == 9);
  CHECK(read->result.sent_rate() == doctest::Approx(4.5));
  CHECK(read->result.latency(Latency::publish).count() == 9);
  CHECK(read->result.latency(Latency::publish).max() == 7'654'321ns);
  REQUIRE(read->result.errors.all().size() == 1);
  CHECK(read->result.errors.all()[0].reason == ReasonCode::quota_exceeded);
  REQUIRE(read->result.series.size() == 1);
  CHECK(read->result.series[0].latency(Latency::publish).count() == 9);
  CHECK(read->result.series[0].generator.processor_time == 100ms);
  CHECK(read->thresholds[0].verdict.holds);
  CHECK(to_json(*read) == json);
}

TEST_CASE("what is not a report is refused with a reason") {
  const auto reason = [](std::string_view json) { return read_load_report(json).error(); };
  CHECK(reason("{") == "not JSON, or cut off");
  CHECK(reason("[]") == "not a result of mqtk bench");
  CHECK(reason(R"({"tool":"mqtk-bench","schema_version":99})") ==
        "of another version of mqtk bench: schema 99 instead of 1");
  CHECK(reason(R"({"tool":"mqtk-bench","schema_version":1})") == "not a result of mqtk bench: title: no text");
  CHECK(reason(std::string(100'000, '[')) == "not a result of mqtk bench: it nests too deeply");
  const std::string whole = to_json(example(noon, 9));
  const std::string damaged = std::regex_replace(whole, std::regex("HISTFAAA"), "HISTFABA");
  CHECK(reason(damaged).starts_with("not a result of mqtk bench: "));
}

TEST_CASE("merged parts: counts, rates and histograms are sums, and each part is named") {
  std::vector<LoadReport> parts;
  parts.push_back(example(noon, 10));
  parts.push_back(example(noon + 20ms, 30));
  parts.push_back(example(noon + 5s, 60));
  const LoadReport all = merge(std::move(parts));
  CHECK(all.result.counts.traffic.sent == 100);
  CHECK(all.result.sent_rate() == doctest::Approx(50));
  CHECK(all.result.latency(Latency::publish).count() == 100);
  CHECK(all.result.errors.count() == 9);
  CHECK(all.threads == 3);
  CHECK(all.parts.size() == 3);
  CHECK(all.started_at == noon);
  CHECK(all.ended_at == noon + 15s);
  REQUIRE(all.result.series.size() == 2);
  CHECK(all.result.series[0].traffic.sent == 40);
  CHECK(all.result.series[1].begin == 5s);
}

TEST_CASE("facts are the members of an object, nested names joined by dots") {
  using Facts = std::vector<std::pair<std::string, std::string>>;
  CHECK(json_facts(example(noon, 1).scenario) ==
        Facts{{"kind", "pub"}, {"group.count", "2"}, {"phases[0].name", "hold"}, {"hosts", R"(["a","b"])"}});
  CHECK(json_facts("no object").empty());
}

TEST_CASE("a late load test says so, one in time does not") {
  LoadReport report = example(noon, 100);
  CHECK(generator_notice(report).empty());
  report.result.latency(Latency::lateness).record(50us, 1000);
  CHECK(generator_notice(report).empty());
  report.result.latency(Latency::lateness).record(60ms, 20);
  CHECK(generator_notice(report).find("60") != std::string::npos);
}

TEST_CASE("a load test that used all the time of its threads says so") {
  LoadReport report = example(noon, 100);
  for (int i = 0; i < 3; ++i) {
    LoadInterval interval;
    interval.length = 1s;
    interval.generator = {.processor_time = 980ms, .memory_bytes = 1};
    report.result.series.push_back(std::move(interval));
  }
  CHECK(generator_notice(report).starts_with("The load test itself was the limit"));
  report.threads = 2;
  CHECK(generator_notice(report).empty());
}

TEST_CASE("the interval log has a line for connecting and one for each second, relative to the start") {
  const LoadReport report = example(noon, 9);
  const std::string log = histogram_log(report.result, noon, "test");
  CHECK(
      log.starts_with("#[Logged with test]\n#[Histogram log format version 1.3]\n"
                      "#[BaseTime: 1795262400.000 (seconds since epoch)]\n"
                      "#[StartTime: 1795262400.000 (seconds since epoch), 2026-11-21T12:00:00.000000000Z]\n"
                      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"));
  CHECK(log.find("Tag=connect,0.000,1.000,1.235,HISTFAAA") != std::string::npos);
  CHECK(log.find("Tag=publish,1.000,1.000,7.654,HISTFAAA") != std::string::npos);
  CHECK(std::ranges::count(log, '\n') == 7);
}

TEST_CASE("what is known of the clocks of parts is read back, and merged as that which differs most") {
  LoadReport first = example(noon, 9);
  first.shards = 2;
  first.clock = {.first_part = {}, .is_same = true};
  first.deferred = {"loss==0"};
  LoadReport second = example(noon, 9);
  second.shard = second.shards = 2;
  second.clock = {.first_part = {.steady = -7s, .wall = -3ms, .uncertainty = 250us}, .is_same = false};
  second.result.one_way = {.corrected = 5, .not_timed = 2, .uncertainty = 250us, .is_left_out = true};
  second.deferred = {"loss==0", "expected>1"};

  const auto read = read_load_report(to_json(second));
  REQUIRE_MESSAGE(read, read.error());
  REQUIRE(read->clock);
  CHECK(read->clock->first_part.wall == -3ms);
  CHECK(read->clock->first_part.steady == -7s);
  CHECK_FALSE(read->clock->is_same);
  CHECK(read->result.one_way.corrected == 5);
  CHECK(read->result.one_way.not_timed == 2);
  CHECK(read->result.one_way.is_left_out);
  CHECK(read->deferred == std::vector<std::string>{"loss==0", "expected>1"});

  std::vector<LoadReport> parts;
  parts.push_back(std::move(first));
  parts.push_back(std::move(second));
  const LoadReport all = merge(std::move(parts));
  REQUIRE(all.clock);
  CHECK(all.clock->first_part.uncertainty == 250us);
  CHECK(all.result.one_way.is_left_out);
  CHECK(all.deferred == std::vector<std::string>{"loss==0", "expected>1"});
  CHECK(all.parts[1].contains("\"clock_behind_part_1_ns\":-3000000"));
}

TEST_CASE("loss is known only where all parts of a shared load are added, in whatever order") {
  const auto part = [](std::uint32_t number, std::uint64_t expected, std::uint64_t arrived) {
    LoadReport report = example(noon + number * 1ms, 5);
    report.shard = number;
    report.shards = 3;
    report.run = "abc";
    report.result.counts.expected = expected;
    report.result.counts.arrived = arrived;
    return to_json(report);
  };
  // What the first sends, the third receives, but for two.
  const std::string some = sum(part(1, 10, 0), part(2, 0, 0));
  CHECK(missing_parts(*read_load_report(some)) == "part 3 of 3");
  CHECK(read_load_report(some)->result.counts.lost == 0);
  CHECK(remarks(*read_load_report(some)).front().starts_with("part 3 of 3 missing"));
  const auto all = read_load_report(sum(some, part(3, 0, 8)));
  CHECK(missing_parts(*all).empty());
  CHECK(all->result.counts.lost == 2);
  CHECK(all->parts.size() == 3);
  CHECK(read_load_report(sum(part(3, 0, 8), some))->result.counts.lost == 2);
  CHECK(missing_parts(*read_load_report(sum(part(2, 0, 0), part(2, 0, 0)))) == "parts 1, 3 of 3");
}

TEST_CASE("many missing parts are not all named") {
  LoadReport report = example(noon, 1);
  report.parts = {R"({"shard":"3/1000000","run":"x"})", R"({"shard":"4/2x"})", R"({"shard":"9/2"})", "1", "{"};
  CHECK(missing_parts(report) == "parts 1, 2, 4, 5, 6 and 999994 more of 1000000");
}

TEST_CASE("the same result is known again, on its own and in a sum") {
  const std::string one = to_json(example(noon, 1));
  const std::string other = to_json(example(noon + 1us, 1));
  const auto both = parts_of(*read_load_report(sum(one, other)));
  REQUIRE(both.size() == 2);
  CHECK(is_same_part(parts_of(*read_load_report(one))[0], both[0]));
  CHECK(is_same_part(parts_of(*read_load_report(other))[0], both[1]));
  CHECK_FALSE(is_same_part(both[0], both[1]));
  CHECK_FALSE(is_same_part("{}", "{}"));
}
