#include "load/rate_search.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <vector>

using namespace mqtk;

namespace {

std::vector<double> tried_rates(RateSearch& search, const std::function<bool(double)>& holds) {
  std::vector<double> rates;
  while (const auto rate = search.next()) {
    rates.push_back(*rate);
    search.tried(holds(*rate));
    REQUIRE(rates.size() <= 100);
  }
  return rates;
}

}  // namespace

TEST_CASE("it doubles, bisects and confirms: the result holds and lies within the precision below what fails") {
  RateSearch search{{.first = 1000}};
  const auto rates = tried_rates(search, [](double rate) { return rate <= 7300; });
  CHECK(std::vector<double>(rates.begin(), rates.begin() + 4) == std::vector<double>{1000, 2000, 4000, 8000});
  CHECK(search.highest() <= 7300);
  CHECK(search.highest() >= 7300 / 1.06);
  CHECK(rates[rates.size() - 1] == search.highest());
  CHECK(rates[rates.size() - 2] == search.highest());
  CHECK(rates.size() < 15);
}

TEST_CASE("where the first rate is too high it looks below") {
  RateSearch search{{.first = 1000}};
  tried_rates(search, [](double rate) { return rate <= 300; });
  CHECK(search.highest() <= 300);
  CHECK(search.highest() >= 300 / 1.06);
}

TEST_CASE("where nothing holds it gives up without a rate") {
  RateSearch search{{.first = 1000}};
  const auto rates = tried_rates(search, [](double) { return false; });
  CHECK(search.highest() == 0);
  CHECK(rates.size() == 11);
}

TEST_CASE("a rate that does not hold again is no result") {
  // Above 5000 a rate holds the first time only.
  std::vector<double> seen;
  RateSearch search{{.first = 1000}};
  tried_rates(search, [&](double rate) {
    const bool again = std::ranges::find(seen, rate) != seen.end();
    seen.push_back(rate);
    return rate <= 5000 || (rate <= 7000 && !again);
  });
  CHECK(search.highest() <= 5000);
  CHECK(search.highest() >= 5000 / 1.06);
}

TEST_CASE("nothing above the limit is tried") {
  RateSearch search{{.first = 1000, .most = 5000}};
  const auto rates = tried_rates(search, [](double) { return true; });
  CHECK(search.highest() == 5000);
  CHECK(rates == std::vector<double>{1000, 2000, 4000, 5000, 5000, 5000});
}
