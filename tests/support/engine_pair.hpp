// Engines in memory and virtual time: one with a scripted peer that speaks hex, or two that speak to each other.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hex.hpp"
#include "session/engine.hpp"

namespace mqtk::test {

using namespace std::chrono_literals;

// One event with what its views said, for looking at after the next call.
struct SeenEvent {
  Event::Type type = Event::Type::none;
  ReasonCode reason_code = ReasonCode::success;
  PacketIdentifier packet_identifier = 0;
  Tag tag = 0;
  std::string topic;
  std::string payload;
  bool dup = false;
  bool retain = false;
  bool session_present = false;
  QoS qos = QoS::at_most_once;
};

[[nodiscard]] SeenEvent seen(const Event& event);

// One engine; its peer is the test.
class Scripted {
 public:
  explicit Scripted(Role role, EngineOptions options = {});

  // Everything in `hex` arrives at once, or in pieces of `piece` bytes; events are collected.
  void peer_sends(std::string_view hex, std::size_t piece = 0);
  // Lets the application side of the engine run: next() until there is nothing.
  void pump();
  // What the engine wrote since the last call, as hex with spaces.
  [[nodiscard]] std::string sent();
  // Moves the clock; expire() at every deadline on the way.
  void pass(Duration time);

  // The oldest event not taken yet; Event::Type::none if there is none.
  SeenEvent event();

  // Client: CONNECT with the properties, answered by CONNACK as given in hex.
  void connect(Version version, std::string_view connack_hex, bool clean_start = true, std::uint16_t keep_alive = 0,
               PropertyBlock properties = {});
  // Server: receives the CONNECT given in hex and accepts it.
  void accept(std::string_view connect_hex, Acceptance acceptance = {});
  // The same Session on a new connection.
  void reconnect();

  EngineOptions options;
  ReceiveScratch scratch{4096};
  ClientSession client_session;
  SessionState server_session;
  TimePoint now{std::chrono::hours{1}};
  std::unique_ptr<Engine> engine;
  Engine::Step step = Engine::Step::need_more;
  std::vector<SeenEvent> events;
  bool keep_events = true;

 private:
  Role role_;
};

// All that `queue` holds, taken out.
[[nodiscard]] std::vector<std::uint8_t> drain(SendQueue& queue, std::size_t at_most = SIZE_MAX);

// Gives the bytes to the engine as the socket would, then calls `on_event` for each event. Returns the last step.
template <class OnEvent>
Engine::Step feed(Engine& engine, Bytes bytes, TimePoint now, OnEvent on_event) {
  Event event;
  Engine::Step step = Engine::Step::need_more;
  do {
    if (!bytes.empty()) {
      const MutableBytes room = engine.writable();
      const std::size_t count = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), count, room.begin());
      engine.received(count);
      bytes = bytes.subspan(count);
    }
    while ((step = engine.next(now, event)) == Engine::Step::event) on_event(event);
  } while (!bytes.empty() && step == Engine::Step::need_more);
  return step;
}

}  // namespace mqtk::test
