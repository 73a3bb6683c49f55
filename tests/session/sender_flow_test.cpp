#include "session/sender_flow.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

namespace {

InFlight sent() {
  InFlight entry;
  entry.state = InFlight::State::publish_sent;
  entry.qos = QoS::at_least_once;
  return entry;
}

}  // namespace

TEST_CASE("identifiers begin with 1 and a freed one is the last to be handed out again [MQTT-2.2.1-3]") {
  SenderFlow flow;
  CHECK(flow.start(sent()) == 1);
  CHECK(flow.start(sent()) == 2);
  flow.finish(1);
  flow.finish(2);
  CHECK(flow.start(sent()) == 3);
}

TEST_CASE("identifiers wrap from 65,535 to 1 and never are 0") {
  SenderFlow flow;
  for (std::uint32_t i = 1; i <= 65'535; ++i) {
    const PacketIdentifier id = flow.start(sent());
    REQUIRE(id == i);
    flow.finish(id);
  }
  CHECK(flow.start(sent()) == 1);
}

TEST_CASE("when all identifiers are taken there is none") {
  SenderFlow flow;
  for (std::uint32_t i = 1; i <= 65'535; ++i) REQUIRE(flow.start(sent()) == i);
  CHECK(flow.free_identifiers() == 0);
  CHECK(flow.next_identifier() == 0);
  CHECK(flow.start(sent()) == 0);
  flow.finish(2);
  CHECK(flow.start(sent()) == 0);
  flow.finish(1);
  CHECK(flow.start(sent()) == 1);
  CHECK(flow.start(sent()) == 2);
  CHECK(flow.start(sent()) == 0);
}

TEST_CASE("entries are found in any order, and not after their end") {
  SenderFlow flow;
  for (int i = 0; i < 100; ++i) static_cast<void>(flow.start(sent()));
  for (const PacketIdentifier id : std::initializer_list<PacketIdentifier>{50, 100, 1, 99, 2}) {
    REQUIRE(flow.find(id) != nullptr);
    flow.finish(id);
    CHECK(flow.find(id) == nullptr);
  }
  CHECK(flow.find(0) == nullptr);
  CHECK(flow.find(101) == nullptr);
  CHECK(flow.unfinished() == 95);
}

TEST_CASE("memory is given back when a burst is over") {
  SenderFlow flow;
  for (int i = 0; i < 1000; ++i) static_cast<void>(flow.start(sent()));
  for (PacketIdentifier id = 1; id <= 1000; ++id) flow.finish(id);
  CHECK(flow.memory_bytes() == 0);
}

TEST_CASE("what is to be sent again comes in the first order, while others are finished [MQTT-4.6.0-1]") {
  SenderFlow flow;
  for (int i = 0; i < 4; ++i) static_cast<void>(flow.start(sent()));
  flow.finish(3);
  flow.resume();
  PacketIdentifier id = 0;
  REQUIRE(flow.next_to_resend(id) != nullptr);
  CHECK(id == 1);
  flow.next_to_resend(id)->state = InFlight::State::publish_sent;
  REQUIRE(flow.next_to_resend(id) != nullptr);
  CHECK(id == 2);
  flow.finish(1);
  REQUIRE(flow.next_to_resend(id) != nullptr);
  CHECK(id == 2);
  CHECK(flow.resending());
  flow.next_to_resend(id)->state = InFlight::State::publish_sent;
  REQUIRE(flow.next_to_resend(id) != nullptr);
  CHECK(id == 4);
  flow.finish(4);
  CHECK(flow.next_to_resend(id) == nullptr);
  CHECK_FALSE(flow.resending());
  CHECK(flow.start(sent()) == 5);
  CHECK_FALSE(flow.resending());
}

TEST_CASE("numbering goes on after clear") {
  SenderFlow flow;
  static_cast<void>(flow.start(sent()));
  static_cast<void>(flow.start(sent()));
  flow.clear();
  CHECK(flow.unfinished() == 0);
  CHECK(flow.start(sent()) == 3);
}
