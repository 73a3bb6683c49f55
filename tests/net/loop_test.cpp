#include "net/loop.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/descriptor_watch.hpp"
#include "net/net_fixture.hpp"
#include "net/signal_watch.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

class Marked final : public TurnEndListener {
 public:
  explicit Marked(std::function<void()> called = {}) : called_(std::move(called)) {}
  void on_turn_end() override {
    ++calls;
    if (called_) called_();
  }
  int calls = 0;

 private:
  std::function<void()> called_;
};

}  // namespace

TEST_CASE("posted work runs in the order of the calls") {
  Loop loop;
  std::string order;
  for (const char c : {'a', 'b', 'c'}) loop.post([&order, c] { order += c; });
  CHECK(order.empty());
  loop.run_turn(1s);
  CHECK(order == "abc");
}

TEST_CASE("work posted by posted work runs in the next turn") {
  Loop loop;
  int runs = 0;
  loop.post([&] {
    ++runs;
    loop.post([&] { ++runs; });
  });
  loop.run_turn(1s);
  CHECK(runs == 1);
  loop.run_turn(1s);
  CHECK(runs == 2);
}

TEST_CASE("other threads may post and stop while the loop runs") {
  Loop loop;
  constexpr int per_thread = 2000;
  int runs = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < per_thread; ++k) {
        loop.post([&] {
          if (++runs == 3 * per_thread) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  CHECK(runs == 3 * per_thread);
  std::thread stopper([&] { loop.stop(); });
  loop.run();
  stopper.join();
}

TEST_CASE("a stop that comes before the run ends it at once") {
  Loop loop;
  loop.stop();
  loop.run();
  CHECK(true);
}

TEST_CASE("work that still waits when the loop dies is dropped") {
  auto held = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([held] {});
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("time stands still within a turn and goes on with the next") {
  Loop loop;
  loop.run_turn(Duration{0});
  const TimePoint before = loop.now();
  std::this_thread::sleep_for(2ms);
  CHECK(loop.now() == before);
  loop.run_turn(Duration{0});
  CHECK(loop.now() >= before + 2ms);
  CHECK(loop.wall_now().time_since_epoch() > 24h * 365 * 50);
}

TEST_CASE("a listener marked often in one turn is called once at its end") {
  Loop loop;
  Marked marked;
  loop.post([&] {
    for (int i = 0; i < 5; ++i) loop.call_at_turn_end(marked);
    CHECK(marked.calls == 0);
  });
  loop.run_turn(1s);
  CHECK(marked.calls == 1);
  loop.run_turn(Duration{0});
  CHECK(marked.calls == 1);
}

TEST_CASE("a listener that marks itself at the turn's end is called in the next turn, which does not wait") {
  Loop loop;
  int calls = 0;
  Marked marked([&] {
    if (++calls == 1) loop.call_at_turn_end(marked);
  });
  loop.call_at_turn_end(marked);
  loop.run_turn(Duration{0});
  CHECK(calls == 1);
  const TimePoint before = loop.refresh_now();
  loop.run_turn(30s);
  CHECK(calls == 2);
  CHECK(loop.refresh_now() - before < 10s);
}

TEST_CASE("listeners may be destroyed while marked, before and during the turn's end") {
  Loop loop;
  auto gone = std::make_unique<Marked>();
  auto victim = std::make_unique<Marked>();
  auto own = std::unique_ptr<Marked>();
  Marked killer([&] { victim.reset(); });
  own = std::make_unique<Marked>([&] { own.reset(); });
  Marked last;
  for (Marked* marked : {gone.get(), &killer, victim.get(), own.get(), &last}) loop.call_at_turn_end(*marked);
  gone.reset();
  loop.run_turn(Duration{0});
  CHECK(own == nullptr);
  CHECK(killer.calls == 1);
  CHECK(last.calls == 1);
}

TEST_CASE("tenants live until they are evicted, at the latest until the loop dies") {
  struct Tenant final : LoopTenant {
    explicit Tenant(int& count) : alive(count) { ++alive; }
    ~Tenant() override { --alive; }
    int& alive;
  };
  int alive = 0;
  {
    Loop loop;
    std::vector<Tenant*> tenants;
    for (int i = 0; i < 3; ++i) {
      auto tenant = std::make_unique<Tenant>(alive);
      tenants.push_back(tenant.get());
      loop.adopt(std::move(tenant));
    }
    loop.evict(*tenants[0]);
    loop.evict(*tenants[0]);
    CHECK(alive == 3);
    loop.run_turn(Duration{0});
    CHECK(alive == 2);
    loop.evict(*tenants[2]);
    loop.run_turn(Duration{0});
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("signals are told from the loop, each of them, and then handled as before") {
  using Handler = void (*)(int);
  static std::atomic<int> default_calls = 0;
  const Handler earlier = std::signal(SIGUSR1, [](int) { ++default_calls; });
  {
    Loop loop;
    std::vector<int> received;
    const SignalWatch watch(loop, {SIGUSR1, SIGHUP}, [&](int number) { received.push_back(number); });
    std::raise(SIGUSR1);
    std::raise(SIGHUP);
    CHECK(received.empty());
    REQUIRE(turn_until(loop, [&] { return received.size() == 2; }));
    CHECK(received == std::vector{SIGUSR1, SIGHUP});
    CHECK(default_calls == 0);
  }
  std::raise(SIGUSR1);
  CHECK(default_calls == 1);
  std::signal(SIGUSR1, earlier);
}

TEST_CASE("a signal ends a wait without end") {
  Loop loop;
  const SignalWatch watch(loop, {SIGTERM}, [&](int) { loop.stop(); });
  std::thread sender([] { ::kill(::getpid(), SIGTERM); });
  loop.run();
  sender.join();
  CHECK(true);
}

TEST_CASE("a watched pipe is told once per wait, when it has input and at its end") {
  for (const auto waiting : {LoopOptions::Waiting::fastest, LoopOptions::Waiting::portable}) {
    Loop loop({.waiting = waiting});
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    int calls = 0;
    std::unique_ptr<DescriptorWatch> watch;
    watch = std::make_unique<DescriptorWatch>(loop, ends[0], [&] {
      if (++calls == 3) watch.reset();
    });
    REQUIRE_FALSE(watch->await_readable());
    loop.run_turn(Duration{0});
    CHECK(calls == 0);
    REQUIRE(::write(ends[1], "abcd", 4) == 4);
    loop.run_turn(1s);
    loop.run_turn(Duration{0});
    CHECK(calls == 1);
    REQUIRE_FALSE(watch->await_readable());
    loop.run_turn(1s);
    CHECK(calls == 2);
    char text[4];
    REQUIRE(::read(ends[0], text, sizeof text) == 4);
    ::close(ends[1]);
    REQUIRE_FALSE(watch->await_readable());
    loop.run_turn(1s);
    CHECK(calls == 3);
    CHECK(watch == nullptr);
    ::close(ends[0]);
  }
}

TEST_CASE("a regular file cannot be waited for") {
  Loop loop;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  DescriptorWatch watch(loop, file, [] { FAIL("called back"); });
  CHECK(watch.await_readable() == std::errc::operation_not_permitted);
  loop.run_turn(Duration{0});
  ::close(file);
}
