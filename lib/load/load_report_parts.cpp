// Results of processes that shared a load, added up.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "load/json_object.hpp"
#include "load/load_report.hpp"

namespace mqtk {
namespace {

// What a part was, for the merged result.
std::string part_facts(const LoadReport& report) {
  std::string out;
  {
    JsonObject object{out};
    object.text("title", report.title);
    object.text("broker", report.broker);
    if (report.shards > 1) {
      object.text("shard", fmt::format("{}/{}", report.shard, report.shards));
      object.text("run", report.run);
    }
    object.key("machine") += report.machine;
    object.text("started_at", rfc3339(report.started_at));
    object.text("ended_at", rfc3339(report.ended_at));
    object.number("processor_time_ns", report.generator.processor_time);
    object.number("peak_memory_bytes", report.generator.memory_bytes);
    if (report.clock) {
      object.number("clock_behind_part_1_ns", report.clock->first_part.wall);
      object.number("clock_uncertainty_ns", report.clock->first_part.uncertainty);
    }
  }
  return out;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string fact(const Facts& facts, std::string_view name) {
  const auto found = std::ranges::find(facts, name, &Facts::value_type::first);
  return found == facts.end() ? std::string{} : found->second;
}

struct Shard {
  std::uint32_t number = 1;
  std::uint32_t count = 1;
};

// "2/4"
std::optional<Shard> shard_of(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, shard.number);
  if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '/') return std::nullopt;
  const auto count = std::from_chars(number.ptr + 1, end, shard.count);
  if (count.ec != std::errc{} || count.ptr != end || shard.number < 1 || shard.number > shard.count) {
    return std::nullopt;
  }
  return shard;
}

std::string missing_of(const std::set<std::uint32_t>& numbers, std::uint32_t count) {
  constexpr std::size_t most_named = 5;
  const std::size_t missing = count - numbers.size();
  std::string named;
  std::size_t names = 0;
  for (std::uint32_t number = 1; number <= count && names < std::min(missing, most_named); ++number) {
    if (numbers.contains(number)) continue;
    named += fmt::format("{}{}", names++ == 0 ? "" : ", ", number);
  }
  if (missing > names) named += fmt::format(" and {} more", missing - names);
  return fmt::format("part{} {} of {}", missing == 1 ? "" : "s", named, count);
}

}  // namespace

std::vector<std::string> parts_of(const LoadReport& report) {
  return report.parts.empty() ? std::vector{part_facts(report)} : report.parts;
}

bool is_same_part(std::string_view one, std::string_view other) {
  const Facts facts = json_facts(one);
  const Facts others = json_facts(other);
  if (fact(facts, "started_at").empty()) return false;
  return std::ranges::all_of(std::initializer_list<std::string_view>{"title", "shard", "machine.host", "started_at",
                                                                     "ended_at", "processor_time_ns"},
                             [&](std::string_view name) { return fact(facts, name) == fact(others, name); });
}

std::string missing_parts(const LoadReport& report) {
  std::map<std::pair<std::string, std::uint32_t>, std::set<std::uint32_t>> loads;
  for (const std::string& part : report.parts) {
    const Facts facts = json_facts(part);
    if (const auto shard = shard_of(fact(facts, "shard"))) {
      loads[{fact(facts, "run"), shard->count}].insert(shard->number);
    }
  }
  for (const auto& [load, numbers] : loads) {
    if (numbers.size() < load.second) return missing_of(numbers, load.second);
  }
  return {};
}

LoadReport merge(std::vector<LoadReport> parts) {
  LoadCounts of_shards;
  for (const LoadReport& part : parts) {
    if (part.shards > 1 || !missing_parts(part).empty()) of_shards += part.result.counts;
  }
  LoadReport all = std::move(parts.front());
  all.parts = parts_of(all);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    LoadReport& part = parts[i];
    // Seconds of one wall clock fall together; hosts whose clocks differ by more should have been lined up.
    all.result.add_parallel(
        part.result, part.started_at + part.result.connecting_time - (all.started_at + all.result.connecting_time));
    std::ranges::copy(parts_of(part), std::back_inserter(all.parts));
    if (part.title != all.title && all.title.size() < 200) all.title += "; " + part.title;
    if (part.broker != all.broker && all.broker.size() < 200) all.broker += "; " + part.broker;
    all.generator.processor_time += part.generator.processor_time;
    all.generator.memory_bytes += part.generator.memory_bytes;
    all.threads += part.threads;
    all.started_at = std::min(all.started_at, part.started_at);
    all.ended_at = std::max(all.ended_at, part.ended_at);
    all.run_failed = all.run_failed || part.run_failed;
    const auto differs = [](const auto& clock) {
      return clock ? std::chrono::abs(clock->first_part.wall) : Duration{-1};
    };
    if (differs(part.clock) > differs(all.clock)) all.clock = part.clock;
    for (const std::string& condition : part.deferred) {
      if (std::ranges::find(all.deferred, condition) == all.deferred.end()) all.deferred.push_back(condition);
    }
  }
  // What one part did not get, another that is still to come may have.
  if (missing_parts(all).empty()) {
    all.result.counts.lost += of_shards.expected - std::min(of_shards.expected, of_shards.arrived);
  }
  all.shard = all.shards = 1;
  all.thresholds.clear();
  all.repeats.clear();
  return all;
}

}  // namespace mqtk
