#include "load/load_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mqtk {
namespace {

LoadErrorKind kind_of(const NetError& error) {
  return failure_of(error.code) == NetFailure::timed_out ? LoadErrorKind::connect_timed_out
                                                         : LoadErrorKind::connect_failed;
}

}  // namespace

LoadClient::LoadClient(Loop& loop, const LoadClientSettings& settings, LoadClientListener& listener,
                       std::uint32_t number)
    : loop_(loop), settings_(settings), listener_(listener), number_(number), engine_timer_(loop, [this] {
        engine_timer_expired();
      }) {}

LoadClient::~LoadClient() = default;

// --- connecting ------------------------------------------------------------------------------------------------------

void LoadClient::begin(std::string client_identifier, std::string filter) {
  client_identifier_ = std::move(client_identifier);
  filter_ = std::move(filter);
  began_ = loop_.refresh_now();
  const ConnectOptions& connect = settings_.scenario->connect;
  connector_ = std::make_unique<Connector>(loop_);
  connector_->connect(settings_.scenario->endpoint,
                      {.family = connect.address_family,
                       .time_limit = connect.connect_timeout,
                       .bind_address = connect.bind_address,
                       .transport = connect.transport},
                      [this](auto result) { connector_done(std::move(result)); });
}

void LoadClient::connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
  if (!result) return fail(kind_of(result.error()), ReasonCode::success, result.error().text());
  listener_.on_latency(Latency::tcp, loop_.refresh_now() - began_);
  connection_ = std::move(*result);
  connection_->start(*this);
  send_connect();
  connector_.reset();
}

void LoadClient::send_connect() {
  const ConnectOptions& options = settings_.scenario->connect;
  engine_ = std::make_unique<Engine>(Role::client, loop_.receive_scratch(), settings_.engine, loop_.now());
  session_.exists = !options.clean_start;
  Connect connect;
  connect.version = options.version;
  connect.client_identifier = client_identifier_;
  connect.clean_start = options.clean_start;
  connect.keep_alive = options.keep_alive_seconds;
  const bool v5 = options.version == Version::v5;
  if (v5) connect.properties = options.properties.block();
  if (options.user_name) connect.user_name = *options.user_name;
  if (options.password) connect.password = *options.password;
  if (options.will) {
    connect.will = Will{.qos = options.will->qos,
                        .retain = options.will->retain,
                        .properties = v5 ? options.will->properties.block() : PropertyBlock{},
                        .topic = options.will->topic,
                        .payload = options.will->payload};
  }
  asked_ = loop_.now();
  if (const auto sent = engine_->connect(connect, session_, asked_); !sent) {
    return fail(LoadErrorKind::connect_failed, ReasonCode::success, rule_info(sent.error().rule).text);
  }
  loop_.call_at_turn_end(*this);
}

void LoadClient::take_connack(const Event& event, TimePoint now) {
  if (event.reason_code != ReasonCode::success) {
    const Version version = settings_.scenario->connect.version;
    listener_.on_error(LoadErrorKind::connect_refused, event.reason_code,
                       code_meaning(event.reason_code, PacketType::connack, version));
    told_ = true;
    return;
  }
  listener_.on_latency(Latency::connack, now - asked_);
  listener_.on_latency(Latency::connect, now - began_);
  // Client identifier and filter are not needed again.
  client_identifier_ = {};
  if (filter_.empty()) return become_ready();
  SubscriptionWriter subscriptions;
  subscriptions.add({.topic_filter = filter_, .qos = settings_.scenario->qos});
  const auto sent = engine_->subscribe(
      {.properties = settings_.scenario->subscribe_properties.block(), .subscriptions = subscriptions.list()}, 0, now);
  asked_ = now;
  if (sent) return;
  listener_.on_error(LoadErrorKind::subscription_denied, ReasonCode::success, rule_info(sent.error().rule).text);
  become_ready();
}

void LoadClient::become_ready() {
  settled_ = ready_ = true;
  listener_.on_ready(*this);
}

void LoadClient::take_suback(const Event& event, TimePoint now) {
  const Bytes codes = event.as<Suback>().reason_codes;
  const auto code = static_cast<ReasonCode>(codes.empty() ? 0x80 : codes[0]);
  if (is_failure(code)) {
    listener_.on_error(LoadErrorKind::subscription_denied, code,
                       code_meaning(code, PacketType::suback, settings_.scenario->connect.version));
  } else {
    listener_.on_latency(Latency::suback, now - asked_);
    granted_ = true;
  }
  become_ready();
}

// --- sending ---------------------------------------------------------------------------------------------------------

bool LoadClient::has_room(QoS qos) const {
  if (!ready_ || engine_ == nullptr || engine_->output().size() >= send_buffer_bytes) return false;
  return qos == QoS::at_most_once || engine_->send_window() > 0;
}

bool LoadClient::send(const Publish& publish, Tag tag, TimePoint now) {
  Fault fault;
  if (publish.qos == QoS::at_most_once) {
    if (const auto sent = engine_->publish(publish, now); !sent) fault = sent.error();
  } else {
    const Delivery delivery{ApplicationMessage::make(publish, now), {}, tag, publish.qos, publish.retain};
    if (const auto sent = engine_->publish(delivery, now); !sent) fault = sent.error();
  }
  loop_.call_at_turn_end(*this);
  if (fault) {
    listener_.on_error(LoadErrorKind::not_sent, ReasonCode::success, rule_info(fault.rule).text);
    return false;
  }
  if (publish.qos != QoS::at_most_once) ++unacknowledged_;
  return true;
}

void LoadClient::wants_to_send(Wants wants) {
  wants_to_send_ = wants == Wants::yes;
  if (wants_to_send_ && connection_ != nullptr) loop_.call_at_turn_end(*this);
}

void LoadClient::on_writable() { loop_.call_at_turn_end(*this); }

void LoadClient::on_turn_end() {
  if (engine_ == nullptr) return;
  const QoS qos = settings_.scenario->qos;
  if (wants_to_send_ && has_room(qos)) listener_.on_room_to_send(*this);
  const auto flushed = connection_->flush(engine_->output());
  // On an error what the broker said before it closed is still to be read; reading tells the loss.
  if (flushed == FlushResult::all && wants_to_send_ && has_room(qos)) loop_.call_at_turn_end(*this);
  if (!engine_timer_.is_armed()) {
    if (const auto deadline = engine_->deadline()) engine_timer_.arm(*deadline);
  }
}

// --- receiving -------------------------------------------------------------------------------------------------------

void LoadClient::on_readable() {
  const auto count = connection_->read(engine_->writable());
  if (!count && count.error() != std::errc::operation_would_block) {
    if (told_) return fail(LoadErrorKind::connection_lost, ReasonCode::success, {});
    const std::string why = NetError{"", count.error()}.text().substr(2);
    return ready_ ? fail(LoadErrorKind::connection_lost, ReasonCode::success, why)
                  : fail(LoadErrorKind::connect_failed, ReasonCode::success, "before CONNACK or SUBACK: " + why);
  }
  engine_->received(count.value_or(0));
  take_events(loop_.refresh_now());
}

void LoadClient::take_events(TimePoint now) {
  Event event;
  Engine::Step step{};
  while ((step = engine_->next(now, event)) == Engine::Step::event) take(event, now);
  loop_.call_at_turn_end(*this);
  if (step == Engine::Step::waiting) {
    return fail(LoadErrorKind::connect_refused, ReasonCode::bad_authentication_method,
                "the broker asks for enhanced authentication");
  }
  if (step == Engine::Step::closed) engine_closed();
}

void LoadClient::take(const Event& event, TimePoint now) {
  switch (event.type) {
    case Event::Type::publish: {
      const auto& message = event.as<Publish>();
      listener_.on_message(*this, message, now);
      if (message.qos != QoS::at_most_once) engine_->acknowledge(message.packet_identifier);
      return;
    }
    case Event::Type::publish_done:
      --unacknowledged_;
      return listener_.on_publish_done(*this, event.tag, event.reason_code, now);
    case Event::Type::connack: return take_connack(event, now);
    case Event::Type::suback: return take_suback(event, now);
    case Event::Type::disconnect:
      listener_.on_error(LoadErrorKind::disconnected, event.reason_code,
                         reason_name(event.reason_code, PacketType::disconnect));
      told_ = true;
      return;
    default: return;  // `failed` is told by the engine's fault
  }
}

void LoadClient::engine_timer_expired() {
  const TimePoint now = loop_.now();
  engine_->expire(now);
  take_events(now);
}

// --- ending ----------------------------------------------------------------------------------------------------------

void LoadClient::engine_closed() {
  const Rule rule = engine_->fault().rule;
  (void)connection_->flush(engine_->output());  // the DISCONNECT with our reason is worth one write
  switch (rule) {
    case Rule::connack_timeout: return fail(LoadErrorKind::connect_timed_out, ReasonCode::success, "no CONNACK");
    case Rule::pingresp_timeout: return fail(LoadErrorKind::connection_lost, ReasonCode::success, "no PINGRESP");
    default: return fail(LoadErrorKind::protocol_broken, ReasonCode::success, rule_info(rule).text);
  }
}

void LoadClient::fail(LoadErrorKind kind, ReasonCode reason, std::string_view text) {
  if (!told_) listener_.on_error(kind, reason, text);
  ready_ = false;
  engine_timer_.cancel();
  engine_.reset();
  connection_.reset();
  connector_.reset();
  listener_.on_gone(*this);
}

bool LoadClient::close(Duration limit, std::function<void()> closed) {
  ready_ = false;
  engine_timer_.cancel();
  connector_.reset();
  if (connection_ == nullptr) return false;
  (void)engine_->disconnect();
  close_after_sending(loop_, std::move(connection_), std::move(engine_->output()),
                      {.limit = limit, .sent = [closed = std::move(closed)](std::error_code) { closed(); }});
  engine_.reset();
  return true;
}

}  // namespace mqtk
