#include "load/delivery_check.hpp"

#include <doctest/doctest.h>

using namespace mqtk;
using Verdict = DeliveryCheck::Verdict;
using Begins = DeliveryCheck::Begins;

TEST_CASE("messages in order are neither lost, nor duplicated, nor reordered") {
  DeliveryCheck check{Begins::at_zero};
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(check.received(3, i) == Verdict::in_order);
  CHECK(check.distinct(3) == 100);
  CHECK(check.missing() == 0);
}

TEST_CASE("a message left out is missing until it comes, and then reordered") {
  DeliveryCheck check{Begins::at_zero};
  CHECK(check.received(0, 0) == Verdict::in_order);
  CHECK(check.received(0, 2) == Verdict::in_order);
  CHECK(check.missing() == 1);
  CHECK(check.received(0, 1) == Verdict::reordered);
  CHECK(check.missing() == 0);
  CHECK(check.distinct(0) == 3);
}

TEST_CASE("a message that comes again is duplicated and not counted as another one") {
  DeliveryCheck check{Begins::at_zero};
  CHECK(check.received(0, 0) == Verdict::in_order);
  CHECK(check.received(0, 0) == Verdict::duplicated);
  CHECK(check.received(0, 2) == Verdict::in_order);
  CHECK(check.received(0, 1) == Verdict::reordered);
  CHECK(check.received(0, 1) == Verdict::duplicated);
  CHECK(check.distinct(0) == 3);
}

TEST_CASE("the middle of a gap splits it") {
  DeliveryCheck check{Begins::at_zero};
  CHECK(check.received(0, 5) == Verdict::in_order);
  CHECK(check.missing() == 5);
  CHECK(check.received(0, 2) == Verdict::reordered);
  CHECK(check.received(0, 2) == Verdict::duplicated);
  CHECK(check.missing() == 4);
  for (const std::uint32_t sequence : {1u, 0u, 3u, 4u}) CHECK(check.received(0, sequence) == Verdict::reordered);
  CHECK(check.missing() == 0);
}

TEST_CASE("streams are checked apart") {
  DeliveryCheck check{Begins::at_zero};
  CHECK(check.received(1, 0) == Verdict::in_order);
  CHECK(check.received(2, 0) == Verdict::in_order);
  CHECK(check.received(1, 1) == Verdict::in_order);
  CHECK(check.received(2, 3) == Verdict::in_order);
  CHECK(check.missing() == 2);
  CHECK(check.distinct(1) == 2);
  CHECK(check.distinct(2) == 2);
  CHECK(check.distinct(9) == 0);
}

TEST_CASE("a subscriber that came later does not miss what was before") {
  DeliveryCheck check{Begins::at_first_message};
  CHECK(check.received(0, 1000) == Verdict::in_order);
  CHECK(check.received(0, 1001) == Verdict::in_order);
  CHECK(check.missing() == 0);
  CHECK(check.received(0, 999) == Verdict::undecided);
}

TEST_CASE("a subscriber that was there from the start misses the first messages") {
  DeliveryCheck check{Begins::at_zero};
  CHECK(check.received(0, 4) == Verdict::in_order);
  CHECK(check.missing() == 4);
}

TEST_CASE("the memory of gaps is bounded, and what falls out of it stays lost") {
  DeliveryCheck check{Begins::at_zero};
  // Every second message is left out: 0, 2, 4 ...
  const std::uint32_t count = 2 * static_cast<std::uint32_t>(DeliveryCheck::most_gaps) + 2;
  for (std::uint32_t i = 1; i <= count; i += 2) check.received(0, i);
  CHECK(check.missing() == DeliveryCheck::most_gaps + 1);
  CHECK(check.received(0, 0) == Verdict::undecided);
  CHECK(check.received(0, 2) == Verdict::reordered);
  CHECK(check.missing() == DeliveryCheck::most_gaps);
}

TEST_CASE("the highest sequence is no special case") {
  DeliveryCheck check{Begins::at_first_message};
  CHECK(check.received(0, 0xFFFF'FFFF) == Verdict::in_order);
  CHECK(check.received(0, 0xFFFF'FFFF) == Verdict::duplicated);
}
