#include "load/statistics.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace mqtk;

TEST_CASE("Student's t is that of the printed tables") {
  CHECK(student_t(0.025, 1) == doctest::Approx(12.706).epsilon(1e-4));
  CHECK(student_t(0.025, 10) == doctest::Approx(2.228).epsilon(1e-3));
  CHECK(student_t(0.05, 30) == doctest::Approx(1.697).epsilon(1e-3));
  CHECK(student_t(0.025, 1e6) == doctest::Approx(1.960).epsilon(1e-3));
}

TEST_CASE("values that do not follow each other count fully") {
  constexpr std::array values = {4.0, 2.0, 5.0, 1.0, 4.0, 2.0};
  const SampleSummary summary = summarize(values);
  CHECK(summary.mean == doctest::Approx(3));
  CHECK(summary.variance == doctest::Approx(2.4));
  CHECK(summary.effective_count == doctest::Approx(6));
}

TEST_CASE("values that are like their neighbours count less") {
  std::vector<double> values(50, 1.0);
  values.insert(values.end(), 50, 2.0);
  CHECK(summarize(values).effective_count < 5);
}

TEST_CASE("the interval of a difference is Welch's") {
  // 4 values each, means 10 and 12, variances 4: standard error sqrt(2), 6 degrees of freedom, t = 2.447
  const SampleSummary a{.mean = 10, .variance = 4, .effective_count = 4};
  const SampleSummary b{.mean = 12, .variance = 4, .effective_count = 4};
  const auto interval = difference(a, b);
  REQUIRE(interval);
  CHECK(interval->low == doctest::Approx(2 - 2.447 * 1.41421).epsilon(1e-3));
  CHECK(interval->high == doctest::Approx(2 + 2.447 * 1.41421).epsilon(1e-3));
}

TEST_CASE("one value says nothing about a difference, equal ones say all") {
  constexpr std::array one = {3.0};
  constexpr std::array same = {3.0, 3.0, 3.0};
  CHECK_FALSE(difference(summarize(one), summarize(same)));
  const auto interval = difference(summarize(same), summarize(same));
  REQUIRE(interval);
  CHECK(interval->low == 0);
  CHECK(interval->high == 0);
}
