#include "client/client.hpp"

#include <algorithm>
#include <utility>

namespace mqtk {

Client::Client(Loop& loop, Endpoint endpoint, ConnectOptions options, ClientListener& listener)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      listener_(listener),
      version_asked_(options_.version),
      bridge_asked_(options_.announce_bridge),
      backoff_(options_.reconnect, 0),
      client_identifier_(options_.client_identifier),
      state_timer_(loop, [this] { state_timer_expired(); }),
      engine_timer_(loop, [this] { engine_timer_expired(); }),
      acknowledge_timer_(loop, [this] { acknowledge_timer_expired(); }),
      authentication_timer_(loop, [this] { authenticate_again(); }) {
  engine_options_.maximum_in_flight = options_.maximum_in_flight.value_or(default_in_flight);
  engine_options_.maximum_in_flight_unannounced = options_.maximum_in_flight.value_or(unannounced_in_flight);
  engine_options_.automatic_topic_aliases = options_.automatic_topic_aliases;
}

Client::~Client() = default;

void Client::observe(PacketObserver* observer) {
  observer_ = observer;
  if (engine_ != nullptr) engine_->observe(observer);
}

// --- sending -------------------------------------------------------------------------------------------------------

bool Client::can_take(QoS qos) const {
  if (!is_connected() || stop_asked_ || !abandoned_.empty()) return false;
  if (engine_->output().size() >= send_buffer_bytes) return false;
  return qos == QoS::at_most_once || engine_->send_window(qos) > 0;
}

// As soon as one message can go: to wait for more of the window would hold back the TCP acknowledgements that go with
// our packets, and a broker that leaves Nagle's algorithm on holds back its own packets for these.
bool Client::can_go_on() const { return waiting_to_send_ && can_take(*waiting_to_send_); }

std::expected<Client::Flow, Fault> Client::wait_to_send(QoS qos) {
  waiting_to_send_ = qos;
  return Flow::wait;
}

std::expected<Client::Flow, Fault> Client::publish(const Publish& publish, Tag tag) {
  if (!can_take(publish.qos)) return wait_to_send(publish.qos);
  if (publish.qos != QoS::at_most_once) return this->publish(ApplicationMessage::make(publish, loop_.now()), tag);
  if (options_.advisor != nullptr) options_.advisor->before_publish(publish);
  if (const auto sent = engine_->publish(publish, loop_.now()); !sent) return std::unexpected(sent.error());
  loop_.call_at_turn_end(*this);
  return Flow::taken;
}

Rule Client::publish(const PublishForm& form, Bytes payload, Tag tag) {
  const QoS qos = form.qos();
  if (!can_take(qos)) {
    waiting_to_send_ = qos;
    return Rule::not_connected;
  }
  if (options_.advisor != nullptr) options_.advisor->before_publish(form.message(payload));
  const Rule rule = engine_->publish(form, payload, tag, loop_.now());
  if (rule == Rule::receive_maximum_exceeded) {
    waiting_to_send_ = qos;
    return Rule::not_connected;
  }
  if (rule != Rule::none) return rule;
  if (qos != QoS::at_most_once && unfinished_++ == 0) progress();
  loop_.call_at_turn_end(*this);
  return rule;
}

std::expected<Client::Flow, Fault> Client::publish(const ApplicationMessage& message, Tag tag) {
  const QoS qos = message.qos();
  if (!can_take(qos)) return wait_to_send(qos);
  if (options_.advisor != nullptr) {
    Publish publish;
    publish.qos = qos;
    publish.retain = message.retain();
    publish.topic_name = message.topic();
    publish.payload = message.payload();
    options_.advisor->before_publish(publish);
  }
  const auto sent = engine_->publish(Delivery{message, {}, tag, qos, message.retain()}, loop_.now());
  if (!sent && sent.error().rule == Rule::receive_maximum_exceeded) return wait_to_send(qos);
  if (!sent) return std::unexpected(sent.error());
  if (qos != QoS::at_most_once && unfinished_++ == 0) progress();
  loop_.call_at_turn_end(*this);
  return Flow::taken;
}

std::expected<void, Fault> Client::subscribe(const Subscribe& subscribe, Tag tag) {
  if (options_.advisor != nullptr) options_.advisor->before_subscribe(subscribe);
  if (is_connected()) {
    const auto sent = engine_->subscribe(subscribe, tag, loop_.now());
    if (!sent) return std::unexpected(sent.error());
    loop_.call_at_turn_end(*this);
  }
  requests_.subscribe(subscribe, tag);
  progress();
  return {};
}

std::expected<void, Fault> Client::unsubscribe(const Unsubscribe& unsubscribe, Tag tag) {
  if (is_connected()) {
    const auto sent = engine_->unsubscribe(unsubscribe, tag, loop_.now());
    if (!sent) return std::unexpected(sent.error());
    loop_.call_at_turn_end(*this);
  }
  requests_.unsubscribe(unsubscribe, tag);
  progress();
  return {};
}

bool Client::acknowledge(PacketIdentifier id, ReasonCode reason) {
  if (engine_ == nullptr || !engine_->acknowledge(id, reason)) return false;
  loop_.call_at_turn_end(*this);
  return true;
}

void Client::pause_reading() {
  if (connection_ == nullptr || state_ == State::closing) return;
  reading_paused_ = true;
  connection_->pause_reading();
  // The PINGRESP lies unread as well: its absence says nothing.
  engine_options_.ping_timeout = Duration::max();
}

void Client::resume_reading() {
  if (!std::exchange(reading_paused_, false)) return;
  engine_options_.ping_timeout = patience_for_pingresp();
  connection_->resume_reading();
}

// Who asks for a short Keep Alive wants to know soon that the broker is silent: after one and a half times that, as the
// broker does with a silent client.
Duration Client::patience_for_pingresp() const {
  constexpr Duration longest = EngineOptions{}.ping_timeout;
  const std::uint16_t keep_alive = engine_ == nullptr ? 0 : engine_->keep_alive_seconds();
  return keep_alive == 0 ? longest : std::min<Duration>(std::chrono::milliseconds{500} * keep_alive, longest);
}

std::expected<void, Fault> Client::authenticate(ReasonCode reason, PropertyBlock properties) {
  if (engine_ == nullptr) return std::unexpected(Fault{Rule::not_connected});
  const auto sent = engine_->auth(reason, properties, loop_.now());
  if (sent) loop_.call_at_turn_end(*this);
  return sent;
}

void Client::publish_abandoned() {
  while (!abandoned_.empty() && is_connected() && engine_->send_window() > 0) {
    const InFlight& entry = abandoned_.front();
    PublishDone done{.tag = entry.tag};
    bool finished = !entry.message;  // PUBREC had come: the broker has had the message
    if (!finished) {
      const auto sent = engine_->publish(Delivery{entry.message, {}, entry.tag, entry.qos, entry.retain}, loop_.now());
      if (!sent) {
        done.reason = rule_info(sent.error().rule).reason_code;
        finished = true;
      }
    }
    abandoned_.pop_front();
    if (!finished) continue;
    --unfinished_;
    listener_.on_publish_done(done);
  }
}

// --- receiving -----------------------------------------------------------------------------------------------------

void Client::on_readable() {
  if (state_ == State::closing) {
    // The broker's last messages are nobody's any more; only its close is waited for.
    const auto count = connection_->read(loop_.receive_scratch().bytes());
    if (!count && count.error() != std::errc::operation_would_block) finish_closing(count.error());
    return;
  }
  const auto count = connection_->read(engine_->writable());
  if (!count && count.error() != std::errc::operation_would_block) return connection_lost(count.error());
  engine_->received(count.value_or(0));
  take_events();
}

void Client::take_events() {
  Engine::Step step{};
  while ((step = engine_->next(loop_.now(), event_)) == Engine::Step::event) take(event_);
  if (std::exchange(messages_told_, false)) listener_.on_messages_end();
  answer_due_ = step == Engine::Step::waiting;
  if (answer_due_) connection_->pause_reading();
  loop_.call_at_turn_end(*this);
  if (step == Engine::Step::closed) engine_closed();
}

void Client::take(const Event& event) {
  switch (event.type) {
    case Event::Type::publish: return take_message(event);
    case Event::Type::publish_done: return take_publish_done(event);
    case Event::Type::connack: return take_connack(event);
    case Event::Type::suback:
      requests_.subscribed(event.tag);
      progress();
      return listener_.on_subscribed(event.tag, event.as<Suback>());
    case Event::Type::unsuback:
      requests_.unsubscribed(event.tag);
      progress();
      return listener_.on_unsubscribed(event.tag, event.as<Unsuback>());
    case Event::Type::auth: return take_auth(event.as<Auth>());
    case Event::Type::disconnect:
      failure_ = failure(ConnectionFailure::Kind::disconnected);
      failure_->reason = event.reason_code;
      return take_reason(event.as<Disconnect>().properties, *failure_);
    default: return;  // `failed` is told by the engine's fault
  }
}

void Client::take_message(const Event& event) {
  const auto& message = event.as<Publish>();
  messages_told_ = true;
  listener_.on_message(message);
  if (message.qos != QoS::at_most_once && options_.acknowledge == ConnectOptions::Acknowledge::on_return) {
    engine_->acknowledge(message.packet_identifier);
  }
}

void Client::take_publish_done(const Event& event) {
  --unfinished_;
  progress();
  PublishDone done{.tag = event.tag, .reason = event.reason_code};
  const auto take_answer = [&](const auto& answer) {
    done.answer = answer.type;
    done.reason_string = answer.properties.text(PropertyId::reason_string).value_or("");
  };
  if (const auto* puback = std::get_if<Puback>(&event.packet)) take_answer(*puback);
  if (const auto* pubrec = std::get_if<Pubrec>(&event.packet)) take_answer(*pubrec);
  if (const auto* pubcomp = std::get_if<Pubcomp>(&event.packet)) take_answer(*pubcomp);
  listener_.on_publish_done(done);
}

void Client::take_connack(const Event& event) {
  const auto& connack = event.as<Connack>();
  if (event.reason_code != ReasonCode::success) {
    failure_ = failure(ConnectionFailure::Kind::refused);
    failure_->reason = event.reason_code;
    return take_reason(connack.properties, *failure_);
  }
  if (!broker_is_authentic(connack.properties)) return;
  backoff_.connected(loop_.now());
  engine_timer_.cancel();  // Keep Alive may be due earlier than the CONNACK was
  engine_options_.ping_timeout = patience_for_pingresp();
  if (const auto assigned = connack.properties.text(PropertyId::assigned_client_identifier)) {
    client_identifier_ = *assigned;
  }
  for (InFlight& entry : session_.abandoned) abandoned_.push_back(std::move(entry));
  session_.abandoned.clear();
  if (!repeat_requests(connack.session_present)) return;
  progress();
  waiting_to_send_ = QoS::at_most_once;
  listener_.on_connected({.session_present = connack.session_present,
                          .version = engine_->version(),
                          .client_identifier = client_identifier_,
                          .as_bridge = announces_bridge(),
                          .broker = engine_->peer_limits(),
                          .properties = connack.properties});
}

// False where this broker takes none of what is asked for: the engine tells `closed` next.
bool Client::repeat_requests(bool session_present) {
  std::optional<Fault> fault;
  const auto note = [&fault](const auto& sent) {
    if (!sent && !fault) fault = sent.error();
  };
  requests_.repeat(
      session_present,
      [&](const Subscribe& subscribe, Tag tag) { note(engine_->subscribe(subscribe, tag, loop_.now())); },
      [&](const Unsubscribe& unsubscribe, Tag tag) { note(engine_->unsubscribe(unsubscribe, tag, loop_.now())); });
  if (!fault) return true;
  failure_ = failure(ConnectionFailure::Kind::request_not_valid);
  failure_->fault = *fault;
  (void)engine_->disconnect();
  return false;
}

// --- the turn's end ------------------------------------------------------------------------------------------------

void Client::on_writable() { loop_.call_at_turn_end(*this); }

void Client::on_turn_end() {
  if (answer_due_ && engine_ != nullptr) {
    connection_->resume_reading();
    take_events();
  }
  publish_abandoned();
  if (can_go_on()) {
    waiting_to_send_.reset();
    listener_.on_ready_to_send();
  }
  if (stop_asked_ && state_ != State::closing && state_ != State::stopped) begin_closing();
  if (engine_ == nullptr) return;

  const auto flushed = connection_->flush(engine_->output());
  if (!flushed && state_ == State::closing) return finish_closing(flushed.error());
  // Otherwise what the broker said before it closed is still to be read; reading tells the loss.
  if (state_ == State::closing) {
    if (flushed == FlushResult::all) connection_->end_writing();
    // A mere publisher has nothing unread that would turn its close into a reset: what it has written arrives also
    // when it does not wait until a busy broker has worked through it.
    const bool may_leave = flushed == FlushResult::all && requests_.empty();
    state_timer_.arm(loop_.now() + (may_leave ? publisher_closing_limit : closing_limit));
    return;
  }
  if (!engine_timer_.is_armed()) {
    if (const auto deadline = engine_->deadline()) engine_timer_.arm(*deadline);
  }
  if (can_go_on()) loop_.call_at_turn_end(*this);
}

// --- the acknowledge time limit ------------------------------------------------------------------------------------

void Client::progress() {
  progress_at_ = loop_.now();
  if (options_.acknowledge_timeout && !acknowledge_timer_.is_armed()) {
    acknowledge_timer_.arm(progress_at_ + *options_.acknowledge_timeout);
  }
}

void Client::acknowledge_timer_expired() {
  if (unfinished_ == 0 && !requests_.awaits_answer()) return;
  const TimePoint due = progress_at_ + *options_.acknowledge_timeout;
  if (!is_connected() || loop_.now() < due) {
    // Away from the broker nothing can come: CONNACK starts the time anew.
    acknowledge_timer_.arm(is_connected() ? due : loop_.now() + *options_.acknowledge_timeout);
    return;
  }
  failure_ = failure(ConnectionFailure::Kind::acknowledgement_overdue);
  (void)engine_->disconnect();
  engine_closed();
}

}  // namespace mqtk
