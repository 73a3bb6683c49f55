#include "load/load_result.hpp"

#include <algorithm>

namespace mqtk {
namespace {

constexpr Duration nearby = std::chrono::milliseconds{499};

double per_second(std::uint64_t count, Duration time) {
  if (time <= Duration{0}) return 0;
  return static_cast<double>(count) / to_seconds(time);
}

}  // namespace

std::string_view load_error_name(LoadErrorKind kind) {
  constexpr std::array<std::string_view, load_error_kinds> names = {
      "connect_failed",  "connect_refused",  "connect_timed_out", "subscription_denied",
      "publish_refused", "not_acknowledged", "not_sent",          "disconnected",
      "connection_lost", "stopped_reading",  "protocol_broken"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view latency_name(Latency latency) {
  constexpr std::array<std::string_view, latency_kinds> names = {"tcp",
                                                                 "tls",
                                                                 "connack",
                                                                 "connect",
                                                                 "suback",
                                                                 "publish",
                                                                 "publish_service",
                                                                 "end_to_end",
                                                                 "end_to_end_service",
                                                                 "round_trip",
                                                                 "round_trip_service",
                                                                 "lateness"};
  return names[static_cast<std::size_t>(latency)];
}

void LoadErrors::add(LoadErrorKind kind, ReasonCode reason, std::string_view text, std::uint64_t times) {
  if (times == 0) return;
  const auto is_same = [&](const LoadError& error) {
    return error.kind == kind && error.reason == reason && error.text == text;
  };
  auto found = std::ranges::find_if(errors_, is_same);
  if (found == errors_.end() && errors_.size() >= most_texts) {
    text = "others";
    reason = ReasonCode::success;
    found = std::ranges::find_if(errors_, is_same);
  }
  if (found == errors_.end()) {
    errors_.push_back({kind, reason, std::string{text}, times});
  } else {
    found->count += times;
  }
}

std::uint64_t LoadErrors::count() const {
  std::uint64_t count = 0;
  for (const LoadError& error : errors_) count += error.count;
  return count;
}

std::uint64_t LoadErrors::count(LoadErrorKind kind) const {
  std::uint64_t count = 0;
  for (const LoadError& error : errors_) count += error.kind == kind ? error.count : 0;
  return count;
}

LoadTraffic operator-(LoadTraffic a, const LoadTraffic& b) {
  a.sent -= b.sent;
  a.acknowledged -= b.acknowledged;
  a.received -= b.received;
  return a;
}

LoadTraffic& LoadTraffic::operator+=(const LoadTraffic& other) {
  sent += other.sent;
  acknowledged += other.acknowledged;
  received += other.received;
  return *this;
}

LoadCounts& LoadCounts::operator+=(const LoadCounts& other) {
  traffic += other.traffic;
  for (const auto member :
       {&LoadCounts::clients, &LoadCounts::subscriptions, &LoadCounts::connected, &LoadCounts::subscribed,
        &LoadCounts::reconnected, &LoadCounts::expected, &LoadCounts::retained, &LoadCounts::sent_bytes,
        &LoadCounts::received_bytes, &LoadCounts::unrouted, &LoadCounts::unacknowledged, &LoadCounts::arrived,
        &LoadCounts::lost, &LoadCounts::duplicated, &LoadCounts::out_of_order, &LoadCounts::undecided,
        &LoadCounts::foreign}) {
    this->*member += other.*member;
  }
  return *this;
}

Histogram LoadInterval::latency(Latency kind) const {
  const auto found = std::ranges::find(latencies, kind, &Recorded::kind);
  return found == latencies.end() ? Histogram{} : Histogram{found->histogram};
}

void LoadInterval::add(const LoadInterval& other) {
  length = std::max(length, other.length);
  traffic += other.traffic;
  sent_bytes += other.sent_bytes;
  received_bytes += other.received_bytes;
  errors += other.errors;
  for (const Recorded& each : other.latencies) {
    const auto place = std::ranges::lower_bound(latencies, each.kind, {}, &Recorded::kind);
    if (place == latencies.end() || place->kind != each.kind) {
      latencies.insert(place, each);
      continue;
    }
    Histogram sum{place->histogram};
    sum.add(each.histogram);
    place->histogram = sum.packed();
  }
  generator.processor_time += other.generator.processor_time;
  generator.memory_bytes += other.generator.memory_bytes;
  // All look at the same broker.
  broker.processor_time = std::max(broker.processor_time, other.broker.processor_time);
  broker.memory_bytes = std::max(broker.memory_bytes, other.broker.memory_bytes);
}

OneWay& OneWay::operator+=(const OneWay& other) {
  corrected += other.corrected;
  not_timed += other.not_timed;
  uncertainty = std::max(uncertainty, other.uncertainty);
  is_left_out = is_left_out || other.is_left_out;
  return *this;
}

void LoadResult::leave_out_uncertain() {
  constexpr int least_ratio = 10;
  const Duration median = latency(Latency::end_to_end).percentile(50);
  if (one_way.corrected == 0 || median >= one_way.uncertainty * least_ratio) return;
  one_way.is_left_out = true;
  for (const Latency kind : {Latency::end_to_end, Latency::end_to_end_service}) {
    latency(kind).clear();
    for (LoadInterval& interval : series) {
      std::erase_if(interval.latencies, [kind](const LoadInterval::Recorded& each) { return each.kind == kind; });
    }
  }
}

void LoadResult::add_parallel(const LoadResult& other, Duration later) {
  counts += other.counts;
  measured += other.measured;
  sending_time = std::max(sending_time, other.sending_time);
  acknowledging_time = std::max(acknowledging_time, other.acknowledging_time);
  receiving_time = std::max(receiving_time, other.receiving_time);
  connecting_time = std::max(connecting_time, other.connecting_time);
  for (std::size_t i = 0; i < latency_kinds; ++i) latencies[i].add(other.latencies[i]);
  for (const LoadError& error : other.errors.all()) errors.add(error.kind, error.reason, error.text, error.count);
  for (LoadInterval interval : other.series) {
    interval.begin += later;
    // Intervals are a second long: at most one of ours begins within half a second.
    const auto place = std::ranges::lower_bound(series, interval.begin - nearby, {}, &LoadInterval::begin);
    if (place != series.end() && place->begin <= interval.begin + nearby) {
      place->add(interval);
    } else {
      series.insert(place, std::move(interval));
    }
  }
  one_way += other.one_way;
  ended_early = ended_early || other.ended_early;
}

void LoadResult::add_following(const LoadResult& other) {
  counts += other.counts;
  measured += other.measured;
  sending_time += other.sending_time;
  acknowledging_time += other.acknowledging_time;
  receiving_time += other.receiving_time;
  connecting_time += other.connecting_time;
  for (std::size_t i = 0; i < latency_kinds; ++i) latencies[i].add(other.latencies[i]);
  for (const LoadError& error : other.errors.all()) errors.add(error.kind, error.reason, error.text, error.count);
  const Duration end = series.empty() ? Duration{0} : series.back().begin + series.back().length;
  for (LoadInterval interval : other.series) {
    interval.begin += end;
    series.push_back(std::move(interval));
  }
  one_way += other.one_way;
  ended_early = ended_early || other.ended_early;
}

double LoadResult::sent_rate() const { return per_second(measured.sent, sending_time); }
double LoadResult::acknowledged_rate() const { return per_second(measured.acknowledged, acknowledging_time); }
double LoadResult::received_rate() const { return per_second(measured.received, receiving_time); }

}  // namespace mqtk
