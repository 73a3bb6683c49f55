// How long other clients wait while a broker has something large to do.
#pragma once

#include <cstddef>
#include <functional>

namespace mqtk::benchmark {

struct RoundTrips {
  std::size_t count = 0;  // 0: something failed
  double median_milliseconds = 0;
  double p99_milliseconds = 0;
  double longest_milliseconds = 0;
};

// Of one small QoS 0 message after the other, through the broker and back, while `work` is done in another thread;
// false from it is a failure.
[[nodiscard]] RoundTrips round_trips_during(int port, const std::function<bool()>& work);

// Subscribes to '#' and reads until so many messages have come.
[[nodiscard]] bool read_all_retained(int port, int count);

// Leaves so many Sessions behind, each with a subscription of its own.
[[nodiscard]] bool leave_sessions(int port, int count);

// Publishes to one topic, retained, 20,000 bytes at a time and QoS 1, until `enough`.
[[nodiscard]] bool publish_until(int port, const std::function<bool()>& enough);

}  // namespace mqtk::benchmark
