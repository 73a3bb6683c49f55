#include "net/timer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/net_fixture.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

TEST_CASE("timers due in one turn come in the order of their times") {
  Loop loop;
  std::string order;
  Timer a(loop, [&] { order += 'a'; });
  Timer b(loop, [&] { order += 'b'; });
  Timer c(loop, [&] { order += 'c'; });
  const TimePoint now = loop.now();
  c.arm(now - 1ms);
  a.arm(now - 3ms);
  b.arm(now - 2ms);
  loop.run_turn(Duration{0});
  CHECK(order == "abc");
}

TEST_CASE("a timer does not come before its time and comes once") {
  Loop loop;
  int calls = 0;
  TimePoint came;
  Timer timer(loop, [&] {
    ++calls;
    came = loop.now();
  });
  const TimePoint due = loop.refresh_now() + 15ms;
  timer.arm(due);
  CHECK(timer.is_armed());
  REQUIRE(turn_until(loop, [&] { return calls > 0; }));
  CHECK(came >= due);
  CHECK_FALSE(timer.is_armed());
  loop.run_turn(2ms);
  CHECK(calls == 1);
}

TEST_CASE("a timer shortens a wait without end") {
  Loop loop;
  bool came = false;
  Timer timer(loop, [&] { came = true; });
  timer.arm(loop.refresh_now() + 200us);
  while (!came) loop.run_turn(std::nullopt);
  CHECK(came);
}

TEST_CASE("a cancelled timer does not come, and can be armed again") {
  Loop loop;
  int calls = 0;
  Timer timer(loop, [&] { ++calls; });
  timer.arm(loop.now());
  timer.cancel();
  CHECK_FALSE(timer.is_armed());
  loop.run_turn(Duration{0});
  CHECK(calls == 0);
  timer.arm(loop.now());
  loop.run_turn(Duration{0});
  CHECK(calls == 1);
}

TEST_CASE("arming again replaces the earlier time, whether it moves forward or back") {
  Loop loop;
  int later = 0;
  int earlier = 0;
  Timer moved_later(loop, [&] { ++later; });
  Timer moved_earlier(loop, [&] { ++earlier; });
  moved_later.arm(loop.now());
  moved_later.arm(loop.now() + 1h);
  moved_earlier.arm(loop.now() + 1h);
  moved_earlier.arm(loop.now());
  loop.run_turn(Duration{0});
  loop.run_turn(Duration{0});
  CHECK(later == 0);
  CHECK(moved_later.is_armed());
  CHECK(earlier == 1);
}

TEST_CASE("a timer that arms itself for now comes once per turn and does not hold up the turn") {
  Loop loop;
  int calls = 0;
  Timer timer(loop, [] {});
  Timer greedy(loop, [&] {
    ++calls;
    greedy.arm(TimePoint::min());
  });
  greedy.arm(loop.now());
  loop.run_turn(Duration{0});
  CHECK(calls == 1);
  loop.run_turn(1ms);
  CHECK(calls == 2);
}

TEST_CASE("a timer may be destroyed in its own callback and in that of another one due in the same turn") {
  Loop loop;
  auto own = std::unique_ptr<Timer>();
  own = std::make_unique<Timer>(loop, [&] { own.reset(); });
  int calls = 0;
  auto victim = std::make_unique<Timer>(loop, [&] { ++calls; });
  Timer killer(loop, [&] { victim.reset(); });
  own->arm(loop.now() - 3ms);
  killer.arm(loop.now() - 2ms);
  victim->arm(loop.now() - 1ms);
  loop.run_turn(Duration{0});
  CHECK(own == nullptr);
  CHECK(calls == 0);
}

TEST_CASE("the end of time and the time before time are times like others") {
  Loop loop;
  int calls = 0;
  Timer never(loop, [&] { calls += 100; });
  Timer at_once(loop, [&] { ++calls; });
  never.arm(TimePoint::max());
  at_once.arm(TimePoint::min());
  loop.run_turn(Duration{0});
  CHECK(calls == 1);
  CHECK(loop.time_after(Duration::max()) == TimePoint::max());
  CHECK(loop.time_after(1s) == loop.now() + 1s);
}

TEST_CASE("thousands of timers armed, moved, cancelled and destroyed at random come in order, each that is left") {
  Loop loop;
  std::mt19937 random(1);
  struct Entry {
    std::unique_ptr<Timer> timer;
    std::optional<TimePoint> due;
  };
  std::vector<Entry> entries(3000);
  std::vector<TimePoint> came;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].timer = std::make_unique<Timer>(loop, [&, i] { came.push_back(*entries[i].due); });
  }
  const TimePoint now = loop.now();
  for (int step = 0; step < 20'000; ++step) {
    Entry& entry = entries[random() % entries.size()];
    if (entry.timer == nullptr) continue;
    const auto action = random() % 20;
    if (action == 0) {
      entry = {};
    } else if (action < 4) {
      entry.timer->cancel();
      entry.due.reset();
    } else {
      entry.due = now - 1ms - Duration{random() % 1'000'000};
      entry.timer->arm(*entry.due);
    }
  }
  std::vector<TimePoint> expected;
  for (const Entry& entry : entries) {
    if (entry.due) expected.push_back(*entry.due);
  }
  std::ranges::sort(expected);
  loop.run_turn(Duration{0});
  CHECK(came == expected);
}
