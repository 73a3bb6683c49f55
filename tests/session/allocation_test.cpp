// What the hot path costs in memory: an allocation counter under a pair of engines.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

// A client that publishes and a server that takes it over, without anything that a test would allocate itself.
struct Connected {
  EngineOptions options;
  ReceiveScratch scratch;
  ClientSession client_session;
  SessionState server_session;
  TimePoint now{std::chrono::hours{1}};
  Engine client{Role::client, scratch, options, now};
  Engine server{Role::server, scratch, options, now};
  Event event;
  int published = 0;
  int done = 0;

  explicit Connected(Version version) {
    Connect connect;
    connect.version = version;
    connect.client_identifier = "c";
    REQUIRE(client.connect(connect, client_session, now));
    exchange();
    REQUIRE(client.open());
  }

  bool move(Engine& from, Engine& to) {
    Bytes parts[4];
    std::size_t moved = 0;
    const std::size_t count = from.output().gather(parts);
    for (std::size_t i = 0; i < count; ++i) {
      const MutableBytes room = to.writable();
      std::copy(parts[i].begin(), parts[i].end(), room.begin());
      to.received(parts[i].size());
      moved += parts[i].size();
      while (to.next(now, event) == Engine::Step::event) {
        if (event.type == Event::Type::connect) REQUIRE(server.accept(server_session, {}, now));
        if (event.type == Event::Type::publish) {
          ++published;
          if (event.packet_identifier != 0) to.acknowledge(event.packet_identifier);
        }
        if (event.type == Event::Type::publish_done) ++done;
      }
    }
    from.output().consume(moved);
    return moved > 0;
  }

  void exchange() {
    while (move(client, server) || move(server, client)) {
    }
  }
};

}  // namespace

TEST_CASE("a QoS 0 PUBLISH is encoded, decoded and reported without an allocation of the engine") {
  for (const Version version : {Version::v3_1, Version::v3_1_1, Version::v5}) {
    Connected pair{version};
    const Publish publish = message_to("a/b/c", "payload");
    // What is allocated is the chunk of the empty SendQueue; so a packet stays in it while the others pass.
    REQUIRE(pair.client.publish(publish, pair.now));
    const std::size_t before = allocations;
    for (int i = 0; i < 5; ++i) REQUIRE(pair.client.publish(publish, pair.now));
    CHECK(allocations == before);
    REQUIRE(pair.move(pair.client, pair.server));
    CHECK(allocations == before);
    CHECK(pair.published == 6);
  }
}

TEST_CASE("a QoS 1 PUBLISH allocates its message and nothing else") {
  Connected pair{Version::v5};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(pair.client.publish(delivery_to("a/b/c", QoS::at_least_once), pair.now));
    pair.exchange();
  }
  REQUIRE(pair.client.publish(message_to("a"), pair.now));
  REQUIRE(pair.server.publish(message_to("a"), pair.now));
  const std::size_t before = allocations;
  const Delivery delivery = delivery_to("a/b/c", QoS::at_least_once);
  REQUIRE(pair.client.publish(delivery, pair.now));
  REQUIRE(pair.move(pair.client, pair.server));
  REQUIRE(pair.move(pair.server, pair.client));
  CHECK(allocations - before == 1);
  CHECK(pair.done == 4);
}

TEST_CASE("a PUBLISH of any QoS that is not kept allocates nothing") {
  for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
    Connected pair{Version::v5};
    Publish publish = message_to("a/b/c", "payload");
    publish.qos = qos;
    const std::uint32_t wanted = qos == QoS::at_most_once ? 0 : 1;
    REQUIRE(pair.client.publish_once(publish, 1, pair.now));
    pair.exchange();
    // Whatever lies in the outputs keeps their chunks from being taken and given back.
    REQUIRE(pair.client.publish(message_to("a"), pair.now));
    REQUIRE(pair.server.publish(message_to("a"), pair.now));
    const std::size_t before = allocations;
    REQUIRE(pair.client.publish_once(publish, 2, pair.now));
    REQUIRE(pair.move(pair.client, pair.server));
    CHECK(allocations == before);
    pair.exchange();
    CHECK(pair.done == 2 * wanted);
    CHECK(pair.published == 4);  // three at the server, one at the client
  }
}

TEST_CASE("an image goes to many receivers without an allocation, whatever the size of its payload") {
  Connected pair{Version::v5};
  const std::string payload(1000, 'x');
  PublishImage image;
  REQUIRE(image.build(message_to("a/b/c", payload), {}));
  REQUIRE(pair.server.publish(image, pair.now));
  const std::size_t before = allocations;
  for (int i = 0; i < 10; ++i) REQUIRE(pair.server.publish(image, pair.now));
  CHECK(allocations == before);
}

TEST_CASE("an idle connection is small") {
  CHECK(sizeof(Engine) <= 288);
  CHECK(sizeof(SessionState) <= 64);
  EngineOptions options;
  ReceiveScratch scratch;
  SessionState session;
  Event event;
  const TimePoint now{};
  Engine engine{Role::server, scratch, options, now};
  const std::vector<std::uint8_t> connect = *from_hex(connect_v5);
  feed(engine, connect, now, [](const Event&) {});
  REQUIRE(engine.accept(session, {}, now));
  CHECK(engine.next(now, event) == Engine::Step::need_more);
  engine.output().clear();
  CHECK(engine.held() == 0);
  CHECK(session.sender.memory_bytes() == 0);
  CHECK(session.receiver.memory_bytes() == 0);
}
