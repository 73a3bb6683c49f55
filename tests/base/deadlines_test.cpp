#include "base/deadlines.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace mqtk;

namespace {

TimePoint at(int second) { return TimePoint{std::chrono::seconds{second}}; }

struct Bell final : Timed {
  Bell(char bell_name, std::string& bell_log) : name(bell_name), log(bell_log) {}
  void on_deadline(TimePoint now) override {
    log.push_back(name);
    if (then) then(now);
  }
  char name;
  std::string& log;
  std::function<void(TimePoint)> then;
};

struct Fixture {
  std::string log;
  Deadlines deadlines;
  Bell a{'a', log};
  Bell b{'b', log};
  Bell c{'c', log};
};

}  // namespace

TEST_CASE("whoever is due is called once, in the order of the times") {
  Fixture f;
  CHECK_FALSE(f.deadlines.next());
  f.deadlines.set(f.c, at(3));
  f.deadlines.set(f.a, at(1));
  f.deadlines.set(f.b, at(2));
  CHECK(f.deadlines.next() == at(1));
  f.deadlines.expire(at(2));
  CHECK(f.log == "ab");
  CHECK(f.deadlines.next() == at(3));
  f.deadlines.expire(at(2));
  f.deadlines.expire(at(4));
  CHECK(f.log == "abc");
  CHECK_FALSE(f.deadlines.next());
}

TEST_CASE("a deadline moves in both directions") {
  Fixture f;
  f.deadlines.set(f.a, at(5));
  f.deadlines.set(f.b, at(6));
  f.deadlines.set(f.a, at(10));
  f.deadlines.set(f.b, at(2));
  f.deadlines.expire(at(7));
  CHECK(f.log == "b");
  CHECK(f.deadlines.next() == at(10));
  f.deadlines.set_earlier(f.a, at(11));
  f.deadlines.expire(at(10));
  CHECK(f.log == "ba");
  f.deadlines.set_earlier(f.a, at(20));
  f.deadlines.set_earlier(f.a, at(15));
  f.deadlines.expire(at(15));
  CHECK(f.log == "baa");
}

TEST_CASE("a cleared deadline does not come, wherever it stood") {
  for (int cleared = 0; cleared < 50; ++cleared) {
    std::string log;
    Deadlines deadlines;
    std::vector<std::unique_ptr<Bell>> bells;
    for (int i = 0; i < 50; ++i) {
      bells.push_back(std::make_unique<Bell>('x', log));
      deadlines.set(*bells.back(), at(1 + i * 37 % 50));
    }
    deadlines.clear(*bells[static_cast<std::size_t>(cleared)]);
    deadlines.clear(*bells[static_cast<std::size_t>(cleared)]);
    TimePoint last = at(0);
    while (const auto next = deadlines.next()) {
      CHECK(last < *next);
      last = *next;
      deadlines.expire(last);
    }
    CHECK(log.size() == 49);
  }
}

TEST_CASE("in its call one may set its next deadline, which waits for the next round, or stop others") {
  Fixture f;
  f.a.then = [&](TimePoint now) {
    f.deadlines.set(f.a, now);
    f.deadlines.clear(f.b);
  };
  f.deadlines.set(f.a, at(1));
  f.deadlines.set(f.b, at(1));
  f.deadlines.set(f.c, at(9));
  f.deadlines.expire(at(2));
  CHECK(f.log == "a");
  f.deadlines.expire(at(3));
  CHECK(f.log == "aa");
}
