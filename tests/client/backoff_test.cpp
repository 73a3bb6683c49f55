#include "client/backoff.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1'000s};

ReconnectPolicy forever() {
  ReconnectPolicy policy;
  policy.attempts = ReconnectPolicy::forever;
  return policy;
}

// The delay that follows a failure at `now`; -1s where the policy gives up.
Duration delay(Backoff& backoff, TimePoint now) {
  const auto next = backoff.failed(now);
  return next ? *next - now : Duration{-1s};
}

}  // namespace

TEST_CASE("delays double from the shortest to the longest and lose at most half of it by chance") {
  Backoff backoff{forever(), 1};
  TimePoint now = start;
  for (const Duration full : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    const Duration wait = delay(backoff, now);
    CHECK(wait >= full / 2);
    CHECK(wait <= full);
    now += wait;
  }
}

TEST_CASE("two clients that lose the same broker come back at different moments") {
  std::set<Duration> delays;
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    Backoff backoff{forever(), seed * 2'654'435'761U};
    delays.insert(delay(backoff, start));
  }
  CHECK(delays.size() > 90);
}

TEST_CASE("without a policy nothing is tried again") {
  Backoff backoff{ReconnectPolicy{}, 1};
  CHECK_FALSE(backoff.failed(start));
  Backoff later{ReconnectPolicy{}, 1};
  later.connected(start);
  CHECK_FALSE(later.failed(start + 1h));
}

TEST_CASE("a policy of three attempts gives up at the fourth failure, from the first attempt on") {
  ReconnectPolicy policy;
  policy.attempts = 3;
  Backoff backoff{policy, 1};
  CHECK(backoff.failed(start));
  CHECK(backoff.failed(start + 1s));
  CHECK(backoff.failed(start + 3s));
  CHECK_FALSE(backoff.failed(start + 7s));
}

TEST_CASE("an accepted connection lets the attempts count from the beginning") {
  ReconnectPolicy policy;
  policy.attempts = 1;
  Backoff backoff{policy, 1};
  CHECK(backoff.failed(start));
  backoff.connected(start + 1s);
  CHECK(backoff.failed(start + 1min));
  CHECK_FALSE(backoff.failed(start + 2min));
}

TEST_CASE("where only later losses are tried again, a failed first attempt ends it") {
  ReconnectPolicy policy = forever();
  policy.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  Backoff never{policy, 1};
  CHECK_FALSE(never.failed(start));
  Backoff once{policy, 1};
  once.connected(start);
  CHECK(once.failed(start + 1s));
  CHECK(once.failed(start + 2s));
}

TEST_CASE("a connection that outlives the delay starts the delays over") {
  Backoff backoff{forever(), 1};
  TimePoint now = start;
  for (int i = 0; i < 6; ++i) now += delay(backoff, now);
  backoff.connected(now);
  CHECK(delay(backoff, now + 31s) <= 1s);
}

TEST_CASE("a broker that accepts and drops at once is asked at growing intervals") {
  Backoff backoff{forever(), 1};
  TimePoint now = start;
  Duration wait{};
  for (int i = 0; i < 6; ++i) {
    backoff.connected(now);
    wait = delay(backoff, now + 1ms);
    now += 1ms + wait;
  }
  CHECK(wait >= 15s);
}

TEST_CASE("it gives up when the time for reconnecting has run out, and tries once more at its end") {
  ReconnectPolicy policy = forever();
  policy.give_up_after = 5s;
  Backoff backoff{policy, 1};
  CHECK(backoff.failed(start));
  CHECK(*backoff.failed(start + 4900ms) == start + 5s);
  CHECK_FALSE(backoff.failed(start + 5s));
}

TEST_CASE("delays that nobody should ask for do no harm") {
  ReconnectPolicy policy = forever();
  policy.shortest_delay = 0s;
  policy.longest_delay = 0s;
  Backoff none{policy, 1};
  CHECK(delay(none, start) == 0s);
  policy.shortest_delay = 1h;
  policy.longest_delay = 1s;
  Backoff crossed{policy, 1};
  CHECK(delay(crossed, start) <= 1s);
}
