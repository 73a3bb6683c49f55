#include "support/engine_pair.hpp"

#include <doctest/doctest.h>

namespace mqtk::test {

SeenEvent seen(const Event& event) {
  SeenEvent result;
  result.type = event.type;
  result.reason_code = event.reason_code;
  result.packet_identifier = event.packet_identifier;
  result.tag = event.tag;
  if (const auto* publish = std::get_if<Publish>(&event.packet); publish && event.type == Event::Type::publish) {
    result.topic = publish->topic_name;
    result.payload = as_text(publish->payload);
    result.dup = publish->dup;
    result.retain = publish->retain;
    result.qos = publish->qos;
  }
  if (const auto* connack = std::get_if<Connack>(&event.packet); connack && event.type == Event::Type::connack) {
    result.session_present = connack->session_present;
  }
  return result;
}

std::vector<std::uint8_t> drain(SendQueue& queue, std::size_t at_most) {
  std::vector<std::uint8_t> bytes;
  while (!queue.empty() && bytes.size() < at_most) {
    Bytes parts[4];
    const std::size_t count = queue.gather(parts);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes part = parts[i].first(std::min(parts[i].size(), at_most - bytes.size()));
      bytes.insert(bytes.end(), part.begin(), part.end());
      taken += part.size();
    }
    queue.consume(taken);
  }
  return bytes;
}

Scripted::Scripted(Role role, EngineOptions engine_options) : options(engine_options), role_(role) {
  engine = std::make_unique<Engine>(role_, scratch, options, now);
}

void Scripted::peer_sends(std::string_view hex, std::size_t piece) {
  const std::optional<std::vector<std::uint8_t>> bytes = from_hex(hex);
  REQUIRE_MESSAGE(bytes.has_value(), "not hex: " << hex);
  const Bytes all{*bytes};
  const std::size_t length = piece == 0 ? std::max<std::size_t>(all.size(), 1) : piece;
  for (std::size_t at = 0; at < all.size() && step != Engine::Step::closed; at += length) {
    step = feed(*engine, all.subspan(at, std::min(length, all.size() - at)), now, [this](const Event& event) {
      if (keep_events) events.push_back(seen(event));
    });
  }
}

void Scripted::pump() {
  step = feed(*engine, {}, now, [this](const Event& event) { events.push_back(seen(event)); });
}

std::string Scripted::sent() { return to_hex(drain(engine->output()), " "); }

void Scripted::pass(Duration time) {
  const TimePoint end = now + time;
  while (engine->deadline() && *engine->deadline() <= end) {
    now = *engine->deadline();
    engine->expire(now);
    pump();
  }
  now = end;
}

SeenEvent Scripted::event() {
  if (events.empty()) return {};
  SeenEvent first = events.front();
  events.erase(events.begin());
  return first;
}

void Scripted::connect(Version version, std::string_view connack_hex, bool clean_start, std::uint16_t keep_alive,
                       PropertyBlock properties) {
  Connect connect;
  connect.version = version;
  connect.client_identifier = "c";
  connect.clean_start = clean_start;
  connect.keep_alive = keep_alive;
  connect.properties = properties;
  REQUIRE(engine->connect(connect, client_session, now).has_value());
  static_cast<void>(sent());
  peer_sends(connack_hex);
}

void Scripted::accept(std::string_view connect_hex, Acceptance acceptance) {
  peer_sends(connect_hex);
  REQUIRE(event().type == Event::Type::connect);
  REQUIRE(engine->accept(server_session, acceptance, now).has_value());
  pump();
  static_cast<void>(sent());
}

void Scripted::reconnect() {
  engine = std::make_unique<Engine>(role_, scratch, options, now);
  step = Engine::Step::need_more;
  events.clear();
}

}  // namespace mqtk::test
