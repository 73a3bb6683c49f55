#include "session/receiver_flow.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

using Seen = ReceiverFlow::Seen;

TEST_CASE("an identifier is new, then pending, then taken over, then new again") {
  ReceiverFlow flow;
  CHECK(flow.seen(7) == Seen::never);
  flow.add(7);
  CHECK(flow.seen(7) == Seen::pending);
  flow.take_over(7);
  CHECK(flow.seen(7) == Seen::taken_over);
  CHECK(flow.release(7));
  CHECK(flow.seen(7) == Seen::never);
  CHECK_FALSE(flow.release(7));
}

TEST_CASE("identifiers may come and go in any order") {
  ReceiverFlow flow;
  for (const PacketIdentifier id : std::initializer_list<PacketIdentifier>{500, 3, 65'535, 1, 77}) flow.add(id);
  CHECK(flow.size() == 5);
  flow.take_over(3);
  flow.take_over(4);
  CHECK(flow.release(65'535));
  CHECK(flow.release(1));
  CHECK(flow.seen(3) == Seen::taken_over);
  CHECK(flow.seen(77) == Seen::pending);
  CHECK(flow.seen(500) == Seen::pending);
  CHECK(flow.seen(4) == Seen::never);
  CHECK(flow.size() == 3);
}

TEST_CASE("memory is given back when a burst is over") {
  ReceiverFlow flow;
  for (PacketIdentifier id = 1; id <= 1000; ++id) flow.add(id);
  for (PacketIdentifier id = 1; id <= 1000; ++id) CHECK(flow.release(id));
  CHECK(flow.memory_bytes() == 0);
}
