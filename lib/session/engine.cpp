// Input: finds packets, checks what the connection's phase allows, and routes each to its mechanism.
#include "session/engine.hpp"

#include <algorithm>
#include <cstring>

#include "session/engine_handshake.hpp"
#include "session/engine_output.hpp"

namespace mqtk {

Engine::Engine(Role role, ReceiveScratch& scratch, const EngineOptions& options, TimePoint now)
    : input_(scratch),
      options_(&options),
      now_(now),
      role_(role),
      phase_(role == Role::client ? Phase::idle : Phase::await_connect) {
  own_.maximum_packet_size = options.limits.maximum_packet_size;
  if (role == Role::server) {
    own_ = options.limits;
    keep_alive_.begin_handshake(now, options.connect_timeout);
  }
}

Engine::~Engine() = default;

Engine::Step Engine::next(TimePoint now, Event& event) {
  now_ = now;
  drop_consumed();
  if (in_round_ && !round_noted_) {
    round_noted_ = true;
    keep_alive_.bytes_received(now);
  }
  if (refused_ != 0 && phase_ == Phase::open && report_refused(event)) return Step::event;
  for (;;) {
    if (phase_ == Phase::failed) {
      phase_ = Phase::closed;
      event.packet = std::monostate{};
      event.raw = {};
      return report(event, Event::Type::failed);
    }
    if (phase_ == Phase::closed) {
      // Whatever follows a DISCONNECT or a fault is not read any more.
      input_.consume(input_.unread().size());
      return end_round(0, Step::closed);
    }
    if (phase_ == Phase::answer_connect) return end_round(0, Step::waiting);
    const Frame frame = find_frame(input_.unread());
    if (frame.state == Frame::State::need_header) return end_round(0, Step::need_more);
    if (const Fault fault = admit(frame)) {
      fail(fault);
      continue;
    }
    if (frame.state != Frame::State::complete) return end_round(frame.packet_size, Step::need_more);
    if (take_packet(frame, event)) return Step::event;
  }
}

void Engine::drop_consumed() {
  if (consumed_ == 0) return;
#ifndef NDEBUG
  // Views of the last event are dead: whoever still reads them shall notice.
  const Bytes dead = input_.unread().first(consumed_);
  std::memset(const_cast<std::uint8_t*>(dead.data()), 0xDD, dead.size());
#endif
  input_.consume(consumed_);
  consumed_ = 0;
}

Engine::Step Engine::end_round(std::uint32_t packet_size, Step step) {
  in_round_ = round_noted_ = false;
  input_.keep_rest(packet_size);
  return step;
}

void Engine::set_aside() {
  drop_consumed();
  static_cast<void>(end_round(0, Step::need_more));
}

// What can be said when no more than the fixed header is there: nobody makes this side keep bytes that it will refuse.
Fault Engine::admit(const Frame& frame) const {
  if (frame.state == Frame::State::fault) return frame.fault;
  const PacketType type = frame.type;
  switch (phase_) {
    case Phase::await_connect:
      if (type != PacketType::connect) return {Rule::first_packet_not_connect, 0};
      break;
    case Phase::authenticating:
      if (type != PacketType::auth && type != PacketType::disconnect) return {Rule::packet_during_authentication, 0};
      break;
    case Phase::idle: return {Rule::packet_before_connack, 0};
    case Phase::await_connack:
      if (type == PacketType::disconnect) return {Rule::disconnect_before_connack, 0};
      if (type != PacketType::connack && type != PacketType::auth) return {Rule::packet_before_connack, 0};
      break;
    default:
      if (type == PacketType::connect && role_ == Role::server) return {Rule::second_connect, 0};
      if (type == PacketType::connack && role_ == Role::client) return {Rule::second_connack, 0};
      break;
  }
  if (frame.packet_size > own_.maximum_packet_size) return {Rule::packet_too_large, 1};
  return {};
}

bool Engine::take_packet(const Frame& frame, Event& event) {
  event.raw = input_.unread().first(frame.packet_size);
  if (observer_ != nullptr) observer_->packet_received(event.raw);
  if (options_->counters != nullptr) ++options_->counters->packets_received;
  const Fault fault = decode(event.raw, {version_, peer_of(role_)}, event.packet);
  keep_alive_.packet_received(now_);
  bool reported = false;
  if (fault) {
    if (phase_ == Phase::await_connect) refuse_faulty_connect(event, fault);
    fail(fault);
  } else {
    reported = dispatch(event);
  }
  // The views of an event live until the next call.
  consumed_ = frame.packet_size;
  if (!reported) drop_consumed();
  return reported;
}

bool Engine::dispatch(Event& event) {
  switch (packet_type(event.packet)) {
    case PacketType::publish: return on_publish(std::get<Publish>(event.packet), event);
    case PacketType::puback: return on_puback(event.as<Puback>(), event);
    case PacketType::pubrec: return on_pubrec(event.as<Pubrec>(), event);
    case PacketType::pubrel: return on_pubrel(event.as<Pubrel>());
    case PacketType::pubcomp: return on_pubcomp(event.as<Pubcomp>(), event);
    case PacketType::pingreq: {
      const Done answered = send(Pingresp{});  // [MQTT-3.12.4-1]
      return answered && report(event, Event::Type::pingreq) == Step::event;
    }
    case PacketType::pingresp:
      // One that answers nothing harms nobody: Rule::pingresp_unexpected is for observers.
      keep_alive_.pingresp_received();
      return report(event, Event::Type::pingresp) == Step::event;
    case PacketType::subscribe: return on_subscribe(event);
    case PacketType::unsubscribe: return on_unsubscribe(event);
    case PacketType::suback: return on_suback(event);
    case PacketType::unsuback: return on_unsuback(event);
    case PacketType::connect: return on_connect(event);
    case PacketType::connack: return on_connack(event);
    case PacketType::disconnect: return on_disconnect(event);
    case PacketType::auth: return on_auth(event);
  }
  return false;
}

Engine::Step Engine::report(Event& event, Event::Type type, ReasonCode reason_code) {
  event.type = type;
  event.reason_code = reason_code;
  event.packet_identifier = 0;
  event.tag = 0;
  return Step::event;
}

void Engine::expire(TimePoint now) {
  now_ = now;
  switch (keep_alive_.action(now)) {
    case KeepAlive::Action::none: break;
    case KeepAlive::Action::ping: static_cast<void>(ping(now)); break;
    case KeepAlive::Action::fail: fail({keep_alive_.rule(role_), 0}); break;
  }
}

}  // namespace mqtk
