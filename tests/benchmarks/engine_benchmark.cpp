// Nanoseconds that an engine takes per PUBLISH: receiving, sending, and both ends of QoS 0, 1 and 2 in memory.
#include <fmt/core.h>

#include <chrono>
#include <cstring>
#include <string>

#include "session/engine.hpp"

using namespace mqtk;

namespace {

using Clock = std::chrono::steady_clock;
constexpr int messages = 2'000'000;
constexpr std::string_view topic = "plant/line1/sensor42";
constexpr TimePoint start{std::chrono::hours{1}};

const std::string payload(38, 'x');  // with topic and header 64 bytes at QoS 0 in 5.0

struct Pair {
  EngineOptions options;
  ReceiveScratch scratch;
  ClientSession client_session;
  SessionState server_session;
  Engine client{Role::client, scratch, options, start};
  Engine server{Role::server, scratch, options, start};
  Event event;
  std::uint64_t published = 0;
  std::uint64_t done = 0;

  explicit Pair(Version version) {
    Connect connect;
    connect.version = version;
    connect.client_identifier = "benchmark";
    static_cast<void>(client.connect(connect, client_session, start));
    exchange();
  }

  bool move(Engine& from, Engine& to) {
    Bytes parts[16];
    const std::size_t count = from.output().gather(parts);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (Bytes part = parts[i]; !part.empty();) {
        const MutableBytes room = to.writable();
        const std::size_t size = std::min(room.size(), part.size());
        std::memcpy(room.data(), part.data(), size);
        to.received(size);
        moved += size;
        part = part.subspan(size);
        while (to.next(start, event) == Engine::Step::event) react(to);
      }
    }
    from.output().consume(moved);
    return moved != 0;
  }

  void exchange() {
    while (move(client, server) || move(server, client)) {
    }
  }

  void react(Engine& engine) {
    if (event.type == Event::Type::connect) static_cast<void>(engine.accept(server_session, {}, start));
    if (event.type == Event::Type::publish) {
      ++published;
      if (event.packet_identifier != 0) engine.acknowledge(event.packet_identifier);
    }
    if (event.type == Event::Type::publish_done) ++done;
  }
};

double nanoseconds(Clock::duration time, double count) {
  return std::chrono::duration<double, std::nano>(time).count() / count;
}

Publish sample() {
  Publish publish;
  publish.topic_name = topic;
  publish.payload = as_bytes(payload);
  return publish;
}

void receive_only(Version version) {
  Pair pair{version};
  const Publish publish = sample();
  SendQueue encoded;
  for (int i = 0; i < 1000; ++i) static_cast<void>(encode(publish, {version, Role::client}, encoded));
  std::string bytes;
  Bytes parts[64];
  const std::size_t count = encoded.gather(parts);
  for (std::size_t i = 0; i < count; ++i) bytes += as_text(parts[i]);
  const auto begin = Clock::now();
  for (int round = 0; round < messages / 1000; ++round) {
    std::memcpy(pair.server.writable().data(), bytes.data(), bytes.size());
    pair.server.received(bytes.size());
    while (pair.server.next(start, pair.event) == Engine::Step::event) {
      pair.published += pair.event.type == Event::Type::publish ? 1 : 0;
    }
  }
  fmt::print("receive QoS 0 {:>6}  {:6.1f} ns per PUBLISH of {} bytes\n", version_text(version),
             nanoseconds(Clock::now() - begin, static_cast<double>(pair.published)), bytes.size() / 1000);
}

void send_only(Version version) {
  Pair pair{version};
  const Publish publish = sample();
  const auto begin = Clock::now();
  for (int i = 0; i < messages; ++i) {
    static_cast<void>(pair.client.publish(publish, start));
    if (i % 1000 == 999) pair.client.output().clear();
  }
  fmt::print("send QoS 0    {:>6}  {:6.1f} ns\n", version_text(version), nanoseconds(Clock::now() - begin, messages));
  PublishImage image;
  static_cast<void>(image.build(publish, {version, QoS::at_most_once, false, {}}));
  const auto begin_image = Clock::now();
  for (int i = 0; i < messages; ++i) {
    static_cast<void>(pair.server.publish(image, start));
    if (i % 1000 == 999) pair.server.output().clear();
  }
  fmt::print("send an image {:>6}  {:6.1f} ns\n", version_text(version),
             nanoseconds(Clock::now() - begin_image, messages));
  const auto begin_build = Clock::now();
  for (int i = 0; i < messages; ++i) static_cast<void>(image.build(publish, {version, QoS::at_most_once, false, {}}));
  fmt::print("build image   {:>6}  {:6.1f} ns\n", version_text(version),
             nanoseconds(Clock::now() - begin_build, messages));
}

void both_ends(Version version, QoS qos) {
  Pair pair{version};
  const Publish publish = sample();
  const auto begin = Clock::now();
  for (int i = 0; i < messages / 4; ++i) {
    Delivery delivery;
    delivery.message = ApplicationMessage::make(publish, start);
    delivery.qos = qos;
    static_cast<void>(pair.client.publish(delivery, start));
    if (i % 100 == 99) pair.exchange();
  }
  pair.exchange();
  fmt::print("both ends QoS {} {:>5}  {:6.1f} ns, {} published, {} done\n", static_cast<int>(qos),
             version_text(version), nanoseconds(Clock::now() - begin, messages / 4.0), pair.published, pair.done);
}

}  // namespace

int main() {
  fmt::print("sizeof(Engine) {}, sizeof(SessionState) {}, sizeof(Event) {}, sizeof(InFlight) {}\n", sizeof(Engine),
             sizeof(SessionState), sizeof(Event), sizeof(InFlight));
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    receive_only(version);
    send_only(version);
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) both_ends(version, qos);
  }
}
