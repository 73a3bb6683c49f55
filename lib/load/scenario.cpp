#include "load/scenario.hpp"

#include <algorithm>
#include <limits>

namespace mqtk {

std::uint16_t ClientGroup::most_in_flight() const {
  if (in_flight) return *in_flight;
  if (qos == QoS::exactly_once && connect.version != Version::v5) return unannounced_in_flight;
  // Answers must not wait for each other.
  return responds ? std::numeric_limits<std::uint16_t>::max() : default_in_flight;
}

bool ClientGroup::shares() const {
  return connect.version == Version::v5 && std::ranges::any_of(subscriptions, [](const auto& subscription) {
           return subscription.filter.source().starts_with("$share/");
         });
}

std::uint32_t Scenario::clients() const {
  std::uint32_t count = 0;
  for (const ClientGroup& group : groups) count += group.count;
  return count;
}

std::uint32_t Scenario::publishers() const {
  std::uint32_t count = 0;
  for (const ClientGroup& group : groups) count += group.publishes() ? group.count : 0;
  return count;
}

std::uint32_t Scenario::subscribers() const {
  std::uint32_t count = 0;
  for (const ClientGroup& group : groups) count += group.subscribes() && !group.publishes() ? group.count : 0;
  return count;
}

bool Scenario::expects_messages() const {
  return std::ranges::any_of(groups, [](const auto& group) { return group.subscribes() && !group.responds; });
}

const ClientGroup* Scenario::sending() const {
  const auto found = std::ranges::find_if(groups, &ClientGroup::publishes);
  return found == groups.end() ? nullptr : &*found;
}

const ClientGroup* Scenario::receiving() const {
  const auto found = std::ranges::find_if(groups, &ClientGroup::subscribes);
  return found == groups.end() ? nullptr : &*found;
}

Latency Scenario::main_latency() const {
  if (std::ranges::any_of(groups, &ClientGroup::requests)) return Latency::round_trip;
  if (expects_messages()) return Latency::end_to_end;
  return sending() != nullptr ? Latency::publish : Latency::connect;
}

bool Scenario::measures(Latency kind) const {
  const auto acknowledged = [](const ClientGroup& group) {
    return group.publishes() && group.qos != QoS::at_most_once;
  };
  switch (kind) {
    case Latency::suback: return receiving() != nullptr;
    case Latency::publish:
    case Latency::publish_service: return std::ranges::any_of(groups, acknowledged);
    case Latency::end_to_end:
    case Latency::end_to_end_service: return expects_messages();
    case Latency::round_trip:
    case Latency::round_trip_service: return std::ranges::any_of(groups, &ClientGroup::requests);
    case Latency::lateness: return sending() != nullptr;
    case Latency::tcp:
    case Latency::tls:
    case Latency::connack:
    case Latency::connect: break;
  }
  return true;
}

Duration Scenario::length() const {
  Duration length{0};
  for (const LoadPhase& phase : phases) length += phase.length;
  return length;
}

Duration Scenario::measured_from() const {
  Duration from{0};
  for (const LoadPhase& phase : phases) {
    if (phase.is_measured) break;
    from += phase.length;
  }
  return from;
}

Duration Scenario::measured_until() const {
  Duration until{0};
  Duration end{0};
  for (const LoadPhase& phase : phases) {
    end += phase.length;
    if (phase.is_measured) until = end;
  }
  return until;
}

RateCurve Scenario::rate_curve() const {
  std::vector<RateCurve::Piece> pieces;
  for (const LoadPhase& phase : phases) pieces.push_back({phase.length, phase.from, phase.to});
  return RateCurve{pieces};
}

}  // namespace mqtk
