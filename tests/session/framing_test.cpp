// Bytes come in any pieces, and packets of all kinds survive it.
#include <doctest/doctest.h>

#include <numeric>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

// PUBLISH of all QoS, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT.
constexpr std::string_view conversation =
    "30 06 00 01 61 00 78 79 32 07 00 01 62 00 01 00 7a 34 06 00 01 63 00 02 00 62 02 00 02 "
    "82 07 00 03 00 00 01 61 00 a2 06 00 04 00 00 01 61 c0 00 e0 00";

struct Outcome {
  std::string sent;
  std::string events;
};

Outcome converse(std::size_t first_piece, std::size_t piece) {
  Scripted server{Role::server};
  Outcome outcome;
  Event event;
  const std::vector<std::uint8_t> bytes = *from_hex(std::string{connect_v5} + " " + std::string{conversation});
  const std::uint8_t granted[] = {0};
  const auto react = [&](const Event& seen_event) {
    const SeenEvent now = seen(seen_event);
    outcome.events += std::to_string(static_cast<int>(now.type)) + now.topic + now.payload + ' ';
    if (now.type == Event::Type::connect) {
      REQUIRE(server.engine->accept(server.server_session, {}, server.now));
    }
    if (now.type == Event::Type::publish) server.engine->acknowledge(now.packet_identifier);
    if (now.type == Event::Type::subscribe) REQUIRE(server.engine->suback(now.packet_identifier, granted));
    if (now.type == Event::Type::unsubscribe) REQUIRE(server.engine->unsuback(now.packet_identifier, granted));
  };
  Bytes left{bytes};
  for (std::size_t next = first_piece; !left.empty(); next = piece) {
    const std::size_t count = std::min(next, left.size());
    feed(*server.engine, left.first(count), server.now, react);
    left = left.subspan(count);
  }
  outcome.sent = server.sent();
  CHECK(server.engine->closing());
  CHECK(server.engine->held() == 0);
  return outcome;
}

}  // namespace

TEST_CASE("a stream may be split at any byte") {
  const Outcome whole = converse(1000, 1000);
  CHECK(whole.sent == "20 03 00 00 00 40 02 00 01 50 02 00 02 70 02 00 02 90 04 00 03 00 00 b0 04 00 04 00 00 d0 00");
  for (std::size_t at = 1; at < 71; ++at) {
    CAPTURE(at);
    const Outcome split = converse(at, 1000);
    CHECK(split.sent == whole.sent);
    CHECK(split.events == whole.events);
  }
  for (std::size_t piece = 1; piece < 10; ++piece) {
    CAPTURE(piece);
    const Outcome split = converse(piece, piece);
    CHECK(split.sent == whole.sent);
    CHECK(split.events == whole.events);
  }
}

TEST_CASE("a packet larger than the scratch comes through whole") {
  Scripted server{Role::server};
  server.accept(connect_v5);
  std::vector<std::uint8_t> bytes = *from_hex("30 e4 a7 12 00 01 61 00");  // Remaining Length 300,004
  std::vector<std::uint8_t> payload(300'000);
  std::iota(payload.begin(), payload.end(), std::uint8_t{0});
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const std::vector<std::uint8_t> after = *from_hex("30 06 00 01 62 00 78 79");
  bytes.insert(bytes.end(), after.begin(), after.end());
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{4096}, std::size_t{5000}, bytes.size()}) {
    CAPTURE(piece);
    int messages = 0;
    for (Bytes left{bytes}; !left.empty();) {
      const std::size_t count = std::min(piece, left.size());
      feed(*server.engine, left.first(count), server.now, [&](const Event& event) {
        REQUIRE(event.type == Event::Type::publish);
        const auto& publish = event.as<Publish>();
        ++messages;
        if (publish.topic_name == "a") CHECK(std::equal(payload.begin(), payload.end(), publish.payload.begin()));
        if (publish.topic_name == "b") CHECK(as_text(publish.payload) == "xy");
      });
      left = left.subspan(count);
    }
    CHECK(messages == 2);
    CHECK(server.engine->held() == 0);
  }
}

TEST_CASE("an observer sees every packet in both directions") {
  struct Observer : PacketObserver {
    std::string log;
    void packet_received(Bytes packet) override { log += "< " + to_hex(packet, " ") + "\n"; }
    void packet_sent(Bytes head, Bytes tail) override {
      log += "> " + to_hex(head, " ") + (tail.empty() ? "" : " + " + std::to_string(tail.size())) + "\n";
    }
  };
  Scripted server{Role::server};
  Observer observer;
  server.engine->observe(&observer);
  server.accept(connect_v5);
  server.peer_sends("c0 00");
  REQUIRE(server.engine->publish(message_to("a", "x"), server.now));
  REQUIRE(server.engine->publish(delivery_to("a", QoS::at_least_once, 0, std::string(2000, 'x')), server.now));
  server.engine->observe(nullptr);
  server.peer_sends("c0 00");
  CHECK(observer.log == "< " + std::string{connect_v5} +
                            "\n> 20 03 00 00 00\n< c0 00\n> d0 00\n> 30 05 00 01 61 00 78\n"
                            "> 32 d6 0f 00 01 61 00 01 00 + 2000\n");
}
