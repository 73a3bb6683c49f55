#include "load/histogram.hpp"

#include <doctest/doctest.h>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// Three digits: a thousandth of the value, or the unit of 512 ns.
bool near(Duration value, Duration expected) {
  const Duration error = value < expected ? expected - value : value - expected;
  return error <= std::max<Duration>(expected / 1000, 512ns);
}

}  // namespace

TEST_CASE("percentiles of a straight line are right to three digits") {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(Duration{i * 10'000});
  CHECK(histogram.count() == 100'000);
  CHECK(histogram.min() == 10us);
  CHECK(histogram.max() == 1s);
  CHECK(near(histogram.percentile(50), 500ms));
  CHECK(near(histogram.percentile(99), 990ms));
  CHECK(near(histogram.percentile(99.999), 999'990us));
  CHECK(near(histogram.percentile(100), 1s));
  CHECK(near(histogram.percentile(0), 10us));
  CHECK(near(histogram.mean(), 500'005us));
  CHECK(near(histogram.standard_deviation(), 288'675us));
}

TEST_CASE("values from 1 microsecond to 1 hour keep three digits") {
  for (Duration value = 1us; value <= 1h; value = value * 3 / 2 + 7ns) {
    Histogram histogram;
    histogram.record(value);
    CAPTURE(value.count());
    CHECK(near(histogram.percentile(50), value));
  }
}

TEST_CASE("what is out of range counts at its end") {
  Histogram histogram;
  histogram.record(-5ms);
  histogram.record(2h);
  CHECK(histogram.count() == 2);
  CHECK(histogram.min() == 0ns);
  CHECK(histogram.max() == 1h);
}

TEST_CASE("the sum of two histograms is the histogram of both") {
  Histogram all;
  Histogram even;
  Histogram odd;
  for (int i = 0; i < 10'000; ++i) {
    const Duration value{std::int64_t{i} * i * 37};
    all.record(value);
    (i % 2 == 0 ? even : odd).record(value);
  }
  even.add(odd);
  CHECK(even.encode() == all.encode());
  CHECK(even.max() == all.max());
}

TEST_CASE("an encoded histogram comes back with every bucket") {
  Histogram histogram;
  for (int i = 1; i < 50'000; ++i) histogram.record(Duration{i} * i * 31, static_cast<std::uint64_t>(1 + i % 3));
  const auto back = Histogram::decode(histogram.encode());
  REQUIRE(back);
  CHECK(back->count() == histogram.count());
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 99.999}) {
    CHECK(back->percentile(percent) == histogram.percentile(percent));
  }
}

TEST_CASE("a histogram of another unit is read, in the plain and the compressed form") {
  // Worked out by hand from the format: 3 digits, lowest value 1 and so a unit of 1; 1,000,000 twice (slot 11,169) and
  // 5,000,000 once (slot 13,508). Header, -11,169 zeros, 2, -2,338 zeros, 1.
  for (const char* text : {"HISTEwAAAAcAAAAAAAAAAwAAAAAAAAABAAADRjC4oAA/8AAAAAAAAMGuAQTDJAI=",
                           "HISTFAAAACh4nJNpmSzMwMDAzgABzFCaEch0M9ixgMH+A0Tg4DpGlsMqTAB5YQav"}) {
    const auto back = Histogram::decode(text);
    REQUIRE(back);
    CHECK(back->count() == 3);
    CHECK(near(back->percentile(50), 1ms));
    CHECK(near(back->percentile(100), 5ms));
  }
}

TEST_CASE("damaged histograms are refused with a reason") {
  CHECK(Histogram::decode("!").error() == "not base64");
  CHECK(Histogram::decode("").error() == "not a V2 histogram");
  CHECK(Histogram::decode("AAAAAAAAAAAAAAAA").error() == "not a V2 histogram");
  std::string text = Histogram{}.encode();
  CHECK(Histogram::decode(text.substr(0, text.size() - 8)).error() == "the histogram is cut off");
}
