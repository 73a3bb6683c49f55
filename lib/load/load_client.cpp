#include "load/load_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"

namespace mqtk {
namespace {

LoadErrorKind kind_of(const NetError& error) {
  return failure_of(error.code) == NetFailure::timed_out ? LoadErrorKind::connect_timed_out
                                                         : LoadErrorKind::connect_failed;
}

PropertyWriter with_data(std::string_view data) {
  PropertyWriter properties;
  if (!data.empty()) properties.add(PropertyId::authentication_data, data);
  return properties;
}

std::string_view data_of(PropertyBlock properties) {
  return properties.text(PropertyId::authentication_data).value_or(std::string_view{});
}

}  // namespace

struct LoadClient::Login {
  Login(Loop& loop, LoadClient& client, std::unique_ptr<ClientAuthentication> made)
      : exchange(std::move(made)), again(loop, [&client] { client.log_in_again(); }) {}
  std::unique_ptr<ClientAuthentication> exchange;
  Timer again;
};

LoadClient::LoadClient(Loop& loop, const LoadClientSettings& settings, LoadClientListener& listener,
                       std::uint32_t place, std::uint32_t number)
    : loop_(loop),
      settings_(settings),
      listener_(listener),
      place_(place),
      number_(number),
      engine_timer_(loop, [this] { timer_expired(); }) {}

LoadClient::~LoadClient() = default;

// --- connecting ------------------------------------------------------------------------------------------------------

void LoadClient::begin(Texts texts) {
  engine_timer_.cancel();
  told_ = false;
  texts_ = std::make_unique<Texts>(std::move(texts));
  began_ = loop_.refresh_now();
  const ConnectOptions& connect = settings_.group->connect;
  Endpoint endpoint = settings_.scenario->endpoint;
  // Such as a URL that is signed for a short time. With one that is too old the broker says what is wrong.
  if (connect.renew_endpoint) endpoint = connect.renew_endpoint().value_or(endpoint);
  connector_ = std::make_unique<Connector>(loop_);
  connector_->connect(endpoint,
                      {.family = connect.address_family,
                       .time_limit = connect.connect_timeout,
                       .bind_address = texts_->source_address,
                       .transport = connect.transport,
                       .observer = this},
                      [this](auto result) { connector_done(std::move(result)); });
}

void LoadClient::on_connected(const std::string&) {
  asked_ = loop_.refresh_now();
  listener_.on_latency(Latency::tcp, asked_ - began_);
}

void LoadClient::on_proxy_passed() { asked_ = loop_.refresh_now(); }

void LoadClient::on_tls(const TlsFacts&) { listener_.on_latency(Latency::tls, loop_.refresh_now() - asked_); }

void LoadClient::connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
  if (!result) return fail(kind_of(result.error()), ReasonCode::success, result.error().text());
  connection_ = std::move(*result);
  connection_->start(*this);
  send_connect();
  connector_.reset();
}

void LoadClient::send_connect() {
  const ConnectOptions& options = settings_.group->connect;
  engine_ = std::make_unique<Engine>(Role::client, loop_.receive_scratch(), settings_.engine, loop_.now());
  session_.before_connect(loop_.now());
  // The Session of an earlier run may be taken up.
  if (!options.clean_start && !was_ready_) session_.exists = true;
  Connect connect;
  connect.version = options.version;
  connect.client_identifier = texts_->client_identifier;
  connect.clean_start = options.clean_start;
  connect.keep_alive = options.keep_alive_seconds;
  const bool v5 = options.version == Version::v5;
  PropertyWriter properties = v5 ? options.properties : PropertyWriter{};
  if (const auto begun = begin_login(properties); !begun) {
    return fail(LoadErrorKind::connect_failed, ReasonCode::success, begun.error());
  }
  connect.properties = properties.block();
  if (options.user_name) connect.user_name = texts_->user_name;
  const bool is_secret =
      login_ != nullptr ? login_->exchange->proves_password() : static_cast<bool>(options.authentication);
  if (options.password && !is_secret) connect.password = as_bytes(texts_->password);
  if (options.will) {
    connect.will = Will{.qos = options.will->qos,
                        .retain = options.will->retain,
                        .properties = v5 ? options.will->properties.block() : PropertyBlock{},
                        .topic = texts_->will_topic,
                        .payload = options.will->payload};
  }
  asked_ = loop_.refresh_now();
  if (const auto sent = engine_->connect(connect, session_, asked_); !sent) {
    return fail(LoadErrorKind::connect_failed, ReasonCode::success, rule_info(sent.error().rule).text);
  }
  loop_.call_at_turn_end(*this);
}

void LoadClient::take_connack(const Event& event, TimePoint now) {
  if (event.reason_code != ReasonCode::success) {
    listener_.on_error(LoadErrorKind::connect_refused, event.reason_code,
                       code_meaning(event.reason_code, PacketType::connack, version()));
    told_ = true;
    return;
  }
  if (!broker_is_authentic(event.as<Connack>().properties)) return;
  listener_.on_latency(Latency::connack, now - asked_);
  listener_.on_latency(Latency::connect, now - began_);
  // The broker has forgotten the Session: nobody will answer for these.
  unacknowledged_ -= std::min(unacknowledged_, static_cast<std::uint32_t>(session_.abandoned.size()));
  session_.abandoned = {};
  const bool has_subscriptions = was_ready_ && granted_ && event.as<Connack>().session_present;
  if (texts_->filters.empty() || has_subscriptions) return become_ready();
  subscribe(now);
}

void LoadClient::subscribe(TimePoint now) {
  SubscriptionWriter subscriptions;
  for (const auto& [filter, qos] : texts_->filters) subscriptions.add({.topic_filter = filter, .qos = qos});
  const PropertyWriter& properties = settings_.group->subscribe_properties;
  const auto sent = engine_->subscribe({.properties = version() == Version::v5 ? properties.block() : PropertyBlock{},
                                        .subscriptions = subscriptions.list()},
                                       0, now);
  asked_ = now;
  if (sent) return;
  listener_.on_error(LoadErrorKind::subscription_denied, ReasonCode::success, rule_info(sent.error().rule).text);
  become_ready();
}

void LoadClient::take_suback(const Event& event, TimePoint now) {
  const auto& suback = event.as<Suback>();
  listener_.on_latency(Latency::suback, now - asked_);
  granted_ = true;
  for (const std::uint8_t code : suback.reason_codes) {
    const auto reason = static_cast<ReasonCode>(code);
    if (!is_failure(reason)) continue;
    granted_ = false;
    listener_.on_error(LoadErrorKind::subscription_denied, reason, reason_name(reason, PacketType::suback));
  }
  become_ready();
}

void LoadClient::become_ready() {
  texts_.reset();
  ready_ = was_ready_ = true;
  listener_.on_ready(*this);
}

// --- enhanced authentication -----------------------------------------------------------------------------------------

std::expected<void, std::string> LoadClient::begin_login(PropertyWriter& properties) {
  const ConnectOptions& options = settings_.group->connect;
  login_.reset();
  if (!options.authentication || options.version != Version::v5) return {};
  ConnectOptions own;
  if (options.user_name) own.user_name = texts_->user_name;
  if (options.password) own.password.emplace(texts_->password.begin(), texts_->password.end());
  login_ = std::make_unique<Login>(loop_, *this, options.authentication(own));
  const auto data = login_->exchange->begin();
  if (!data) return std::unexpected(data.error());
  properties.add(PropertyId::authentication_method, login_->exchange->method());
  if (!data->empty()) properties.add(PropertyId::authentication_data, *data);
  return {};
}

void LoadClient::take_auth(const Auth& auth, TimePoint now) {
  if (login_ == nullptr) return;  // the engine waits, which take_events tells
  if (auth.reason_code == ReasonCode::success) {
    (void)broker_is_authentic(auth.properties);
    return;
  }
  const auto answer = login_->exchange->answer(data_of(auth.properties));
  if (!answer) return login_failed(answer.error());
  if (!engine_->auth(ReasonCode::continue_authentication, with_data(*answer).block(), now)) {
    login_failed("the broker does not take a packet of that size");
  }
}

bool LoadClient::broker_is_authentic(PropertyBlock properties) {
  if (login_ == nullptr) return true;
  if (const auto proven = login_->exchange->finish(data_of(properties)); !proven) {
    login_failed(proven.error());
    return false;
  }
  if (const auto again = settings_.group->connect.authenticate_again_after) {
    login_->again.arm(loop_.time_after(*again));
  }
  return true;
}

// The engine tells `closed` next.
void LoadClient::login_failed(std::string_view why) {
  listener_.on_error(ready_ ? LoadErrorKind::connection_lost : LoadErrorKind::connect_failed, ReasonCode::success,
                     fmt::format("authentication: {}", why));
  told_ = true;
  (void)engine_->disconnect();
}

void LoadClient::log_in_again() {
  if (!ready_) return;
  const auto data = login_->exchange->begin();
  if (data && engine_->auth(ReasonCode::re_authenticate, with_data(*data).block(), loop_.now())) {
    return loop_.call_at_turn_end(*this);
  }
  login_failed(data ? "the broker does not take a packet of that size" : data.error());
  engine_closed();
}

// --- sending ---------------------------------------------------------------------------------------------------------

bool LoadClient::has_room(QoS qos) const {
  if (!ready_ || engine_ == nullptr || engine_->output().size() >= send_buffer_bytes) return false;
  return qos == QoS::at_most_once || engine_->send_window(qos) > 0;
}

bool LoadClient::send(const Publish& publish, Tag tag, TimePoint now) {
  Fault fault;
  if (settings_.group->connect.clean_start) {
    if (const auto sent = engine_->publish_once(publish, tag, now); !sent) fault = sent.error();
  } else {
    // The Session may outlive the connection, and what is unfinished is then sent again.
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
  const QoS qos = settings_.group->qos;
  if (wants_to_send_ && has_room(qos)) listener_.on_room_to_send(*this);
  const bool answers = !engine_->output().empty();
  const auto flushed = connection_->flush(engine_->output());
  // A broker with Nagle's algorithm would let what follows wait for our system's delayed acknowledgement: 40 ms that
  // are neither its nor ours. What we write carries the acknowledgement along.
  if (std::exchange(has_read_, false) && !answers && awaits_more()) connection_->confirm_arrival();
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
  has_read_ = true;
  take_events(loop_.refresh_now());
}

bool LoadClient::awaits_more() const {
  const ClientGroup& group = *settings_.group;
  return unacknowledged_ > 0 || group.subscribes() || group.requests();
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
  if (step == Engine::Step::closed) return engine_closed();
  if (settings_.group->receive_rate > 0 && read_ > 0) read_slowly(now);
}

void LoadClient::take(const Event& event, TimePoint now) {
  switch (event.type) {
    case Event::Type::publish: {
      const auto& message = event.as<Publish>();
      ++read_;
      const QoS qos = message.qos;
      const PacketIdentifier identifier = message.packet_identifier;
      listener_.on_message(*this, message, now);
      if (qos != QoS::at_most_once) engine_->acknowledge(identifier);
      return;
    }
    case Event::Type::publish_done:
      --unacknowledged_;
      return listener_.on_publish_done(*this, event.tag, event.reason_code, now);
    case Event::Type::connack: return take_connack(event, now);
    case Event::Type::suback: return take_suback(event, now);
    case Event::Type::auth: return take_auth(event.as<Auth>(), now);
    case Event::Type::disconnect:
      listener_.on_error(LoadErrorKind::disconnected, event.reason_code,
                         reason_name(event.reason_code, PacketType::disconnect));
      told_ = true;
      return;
    default: return;  // `failed` is told by the engine's fault
  }
}

// What one read brought is taken in at once, so the next one waits for as long as all of it should have taken.
void LoadClient::read_slowly(TimePoint now) {
  const double seconds = std::exchange(read_, 0) / settings_.group->receive_rate;
  if (read_timer_ == nullptr) {
    read_timer_ = std::make_unique<Timer>(loop_, [this] {
      if (connection_ != nullptr) connection_->resume_reading();
    });
  }
  connection_->pause_reading();
  read_timer_->arm(now +
                   std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, 3600.0))));
}

void LoadClient::timer_expired() {
  if (engine_ == nullptr) return listener_.on_waited(*this);
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

std::uint32_t LoadClient::drop_connection() {
  ready_ = false;
  engine_timer_.cancel();
  read_timer_.reset();
  login_.reset();
  engine_.reset();
  connection_.reset();
  connector_.reset();
  session_.connection_closed(loop_.now());
  if (!settings_.group->connect.clean_start) return 0;
  session_.end();
  session_.abandoned = {};
  return std::exchange(unacknowledged_, 0);
}

void LoadClient::fail(LoadErrorKind kind, ReasonCode reason, std::string_view text) {
  if (!told_) listener_.on_error(kind, reason, text);
  const bool was_connecting = is_connecting();
  texts_.reset();
  const std::uint32_t forgotten = drop_connection();
  listener_.on_gone(*this, {.was_connecting = was_connecting, .forgotten = forgotten});
}

std::uint32_t LoadClient::leave(LoadStorm::How how) {
  if (how == LoadStorm::How::cut && connection_ != nullptr) connection_->reset_on_close();
  if (how == LoadStorm::How::disconnect && engine_ != nullptr) {
    (void)engine_->disconnect();
    close_after_sending(loop_, std::move(connection_), std::move(engine_->output()),
                        {.limit = std::chrono::seconds{1}});
  }
  texts_.reset();
  return drop_connection();
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
