#include "load/load_result.hpp"

#include <algorithm>

namespace mqtk {
namespace {

double per_second(std::uint64_t count, Duration time) {
  if (time <= Duration{0}) return 0;
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view load_error_name(LoadErrorKind kind) {
  constexpr std::array<std::string_view, load_error_kinds> names = {
      "connect_failed", "connect_refused", "connect_timed_out", "subscription_denied", "publish_refused",
      "not_sent",       "disconnected",    "connection_lost",   "protocol_broken"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view latency_name(Latency latency) {
  constexpr std::array<std::string_view, latency_kinds> names = {
      "tcp",     "connack", "connect", "suback", "publish", "publish_service", "end_to_end", "end_to_end_service",
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

double LoadResult::sent_rate() const { return per_second(measured.sent, sending_time); }
double LoadResult::acknowledged_rate() const { return per_second(measured.acknowledged, acknowledging_time); }
double LoadResult::received_rate() const { return per_second(measured.received, receiving_time); }

}  // namespace mqtk
