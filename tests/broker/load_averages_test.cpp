#include "broker/load_averages.hpp"

#include <doctest/doctest.h>

namespace mqtk {
namespace {

using std::chrono::seconds;

TEST_CASE("a steady load approaches its own rate, the shorter average first") {
  LoadAverages load;
  std::uint64_t total = 0;
  for (int i = 0; i < 6; ++i) load.update(total += 10, seconds{10});    // 60 a minute, for one minute
  CHECK(load.per_minute(0) == doctest::Approx(60 * (1 - 0.36787944)));  // 1 - e^-1
  CHECK(load.per_minute(1) == doctest::Approx(60 * (1 - 0.81873075)));  // 1 - e^-0.2
  CHECK(load.per_minute(2) == doctest::Approx(60 * (1 - 0.93550699)));  // 1 - e^-(1/15)
}

TEST_CASE("the averages do not depend on how often they are brought up to date") {
  LoadAverages often;
  LoadAverages rarely;
  for (std::uint64_t i = 1; i <= 60; ++i) often.update(i, seconds{1});
  rarely.update(60, seconds{60});
  CHECK(often.per_minute(0) == doctest::Approx(rarely.per_minute(0)));
}

TEST_CASE("when nothing happens any more, the averages fall") {
  LoadAverages load;
  load.update(1000, seconds{60});
  const double before = load.per_minute(0);
  load.update(1000, seconds{60});
  CHECK(load.per_minute(0) == doctest::Approx(before * 0.36787944));
}

}  // namespace
}  // namespace mqtk
