// Connecting, closing, and trying again.
#include <algorithm>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "client/client.hpp"

namespace mqtk {
namespace {

std::string random_client_identifier() {
  std::random_device random;
  return fmt::format("mqtk-{:08x}{:08x}", random(), random());  // 21 bytes: 3.1 allows 23
}

}  // namespace

ConnectionFailure Client::failure(ConnectionFailure::Kind kind) const {
  ConnectionFailure result;
  result.kind = kind;
  result.version = options_.version;
  result.was_connected = backoff_.was_connected();
  return result;
}

void Client::start() {
  stop_asked_ = false;
  // An earlier run of the program may have left the Session that is asked for.
  session_.exists = !options_.clean_start;
  backoff_ = Backoff(options_.reconnect, options_.reconnect.attempts == 0 ? 0 : std::random_device{}());
  begin_attempt();
}

void Client::stop(ReasonCode reason) {
  if (state_ == State::idle || state_ == State::stopped || stop_asked_) return;
  stop_asked_ = true;
  stop_reason_ = reason;
  loop_.call_at_turn_end(*this);
}

void Client::begin_attempt() {
  state_ = State::connecting;
  attempt_began_ = loop_.now();
  failure_.reset();
  if (auto renewed = renew(); !renewed) {
    ConnectionFailure why = failure(ConnectionFailure::Kind::no_credentials);
    why.reason_string = std::move(renewed.error());
    return end_attempt(why);
  }
  if (options_.open) return state_timer_.arm(loop_.now());
  open_connection();
}

void Client::open_connection() {
  if (options_.open) return connector_done(options_.open());
  if (connector_ == nullptr) connector_ = std::make_unique<Connector>(loop_);
  connector_->connect(endpoint_,
                      {.family = options_.address_family,
                       .time_limit = options_.connect_timeout,
                       .bind_address = options_.bind_address,
                       .transport = options_.transport,
                       .observer = options_.connect_observer},
                      [this](auto result) { connector_done(std::move(result)); });
}

// What may have got old since the connection before.
std::expected<void, std::string> Client::renew() {
  if (!backoff_.was_connected()) return {};
  if (options_.renew_password) {
    auto password = options_.renew_password();
    if (!password) return std::unexpected(std::move(password.error()));
    options_.password = std::move(*password);
  }
  if (options_.renew_endpoint) {
    auto endpoint = options_.renew_endpoint();
    if (!endpoint) return std::unexpected(std::move(endpoint.error()));
    endpoint_ = std::move(*endpoint);
  }
  return {};
}

void Client::connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
  if (!result) {
    ConnectionFailure why = failure(ConnectionFailure::Kind::could_not_connect);
    why.network = std::move(result.error());
    return end_attempt(why);
  }
  connection_ = std::move(*result);
  const Duration used = loop_.now() - attempt_began_;
  engine_options_.connect_timeout = std::max<Duration>(options_.connect_timeout - used, std::chrono::milliseconds{1});
  engine_ = std::make_unique<Engine>(Role::client, loop_.receive_scratch(), engine_options_, loop_.now());
  engine_->observe(observer_);
  state_ = State::talking;
  connection_->start(*this);
  send_connect();
}

PropertyWriter Client::connect_properties() {
  PropertyWriter properties = options_.properties;
  session_is_ours_ = options_.clean_start && options_.reconnect.attempts != 0 &&
                     options_.session_between_reconnects > Duration{0} &&
                     !properties.block().number(PropertyId::session_expiry_interval);
  if (session_is_ours_) {
    const Duration bridged = std::min(options_.session_between_reconnects,
                                      options_.reconnect.give_up_after.value_or(options_.session_between_reconnects));
    properties.add(PropertyId::session_expiry_interval,
                   static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(bridged).count()));
  }
  return properties;
}

void Client::send_connect() {
  const bool v5 = options_.version == Version::v5;
  // 5.0 lets the broker choose the identifier. Before, an empty one is refused by many brokers or, in 3.1, by all.
  if (client_identifier_.empty() && !v5 && options_.clean_start) client_identifier_ = random_client_identifier();
  session_.before_connect(loop_.now());

  Connect connect;
  connect.version = options_.version;
  connect.bridge = announces_bridge();
  connect.client_identifier = client_identifier_;
  // A reconnect goes on with the Session of the run, which in 3.1.1 cannot outlive a clean one.
  connect.clean_start = options_.clean_start && !(v5 && backoff_.was_connected() && session_.exists);
  connect.keep_alive = options_.keep_alive_seconds;
  PropertyWriter properties = v5 ? connect_properties() : PropertyWriter{};
  if (const auto begun = begin_authentication(properties); !begun) {
    ConnectionFailure why = failure(ConnectionFailure::Kind::authentication_failed);
    why.reason_string = begun.error();
    return end_attempt(why);
  }
  connect.properties = properties.block();
  if (options_.user_name) connect.user_name = *options_.user_name;
  // What is proved in 5.0 is not shown in an older version, either.
  const bool secret =
      authentication_ != nullptr ? authentication_->proves_password() : static_cast<bool>(options_.authentication);
  if (options_.password && !secret) connect.password = *options_.password;
  if (options_.will) {
    const WillOptions& will = *options_.will;
    connect.will = Will{.qos = will.qos,
                        .retain = will.retain,
                        .properties = v5 ? will.properties.block() : PropertyBlock{},
                        .topic = will.topic,
                        .payload = will.payload};
  }
  if (const auto sent = engine_->connect(connect, session_, loop_.now()); !sent) {
    ConnectionFailure why = failure(ConnectionFailure::Kind::connect_not_valid);
    why.fault = sent.error();
    return end_attempt(why);
  }
  loop_.call_at_turn_end(*this);
}

void Client::connection_lost(std::error_code error) {
  const bool open = is_connected();
  ConnectionFailure why =
      failure(open ? ConnectionFailure::Kind::lost : ConnectionFailure::Kind::closed_before_connack);
  why.network = {
      .doing = fmt::format("{} {}", open ? "talking to" : "waiting for the CONNACK of", short_text(endpoint_)),
      .code = error};
  end_attempt(why);
}

void Client::engine_closed() {
  if (!failure_) {
    failure_ = failure(ConnectionFailure::Kind::protocol_broken);
    failure_->fault = engine_->fault();
    if (engine_->fault().rule == Rule::connack_timeout) failure_->kind = ConnectionFailure::Kind::no_answer;
    if (engine_->fault().rule == Rule::pingresp_timeout) failure_->kind = ConnectionFailure::Kind::no_pingresp;
  }
  // The DISCONNECT with our reason is worth one write; the broker may be deaf.
  (void)connection_->flush(engine_->output());
  end_attempt(*std::exchange(failure_, {}));
}

void Client::drop_connection() {
  const bool talked = engine_ != nullptr;
  engine_.reset();
  connection_.reset();
  connector_.reset();
  engine_timer_.cancel();
  authentication_timer_.cancel();
  waiting_to_send_.reset();
  messages_told_ = answer_due_ = reading_paused_ = false;
  if (talked) session_.connection_closed(loop_.now());
}

// A broker without 5.0, or without the bit of bridges, answers with a return code, with bytes that are no CONNACK of
// 5.0, or by closing.
bool Client::falls_back(const ConnectionFailure& why) {
  const bool can_lower = options_.fall_back_to_v3_1_1 && options_.version == Version::v5;
  if ((!can_lower && !announces_bridge()) || backoff_.was_connected()) return false;
  constexpr auto refused_version = static_cast<ReasonCode>(1);  // the return code before 5.0
  const bool not_spoken = (why.kind == ConnectionFailure::Kind::refused &&
                           (why.reason == ReasonCode::unsupported_protocol_version || why.reason == refused_version)) ||
                          why.kind == ConnectionFailure::Kind::closed_before_connack ||
                          why.kind == ConnectionFailure::Kind::protocol_broken;
  if (!not_spoken) return false;
  if (can_lower) {
    options_.version = Version::v3_1_1;
  } else {
    options_.announce_bridge = false;
  }
  return true;
}

void Client::end_attempt(const ConnectionFailure& why) {
  drop_connection();
  state_ = State::pausing;
  if (falls_back(why)) {
    state_timer_.arm(loop_.now());
    return;
  }
  if (!backoff_.was_connected()) {
    // Not even the oldest was taken: whatever closes connections there says nothing about versions.
    options_.version = version_asked_;
    options_.announce_bridge = bridge_asked_;
  }
  const auto next = worth_retrying(why) ? backoff_.failed(loop_.now()) : std::nullopt;
  if (!next) return finish(&why);
  state_timer_.arm(*next);
  listener_.on_connection_lost(why, *next - loop_.now());
}

void Client::begin_closing() {
  if (!is_connected()) {
    drop_connection();
    return finish(nullptr);
  }
  resume_reading();  // for the broker's close
  state_ = State::closing;
  engine_timer_.cancel();
  PropertyWriter properties;
  if (options_.version == Version::v5) {
    properties = options_.disconnect_properties;
    if (session_is_ours_ && !properties.block().number(PropertyId::session_expiry_interval)) {
      properties.add(PropertyId::session_expiry_interval, 0);
    }
  }
  const ReasonCode reason = options_.version == Version::v5 ? stop_reason_ : ReasonCode::success;
  if (!engine_->disconnect(reason, properties.block())) (void)engine_->disconnect();
}

void Client::finish_closing(std::error_code error) {
  if (error == NetFault::end_of_stream) {
    drop_connection();
    return finish(nullptr);
  }
  // Reset instead of closed: the broker may not have read all that was sent.
  ConnectionFailure why = failure(ConnectionFailure::Kind::lost);
  why.network = {.doing = fmt::format("closing the connection to {}", short_text(endpoint_)), .code = error};
  drop_connection();
  finish(&why);
}

void Client::finish(const ConnectionFailure* why) {
  state_ = State::stopped;
  state_timer_.cancel();
  acknowledge_timer_.cancel();
  listener_.on_stopped(why);
}

void Client::state_timer_expired() {
  if (state_ == State::pausing) return begin_attempt();
  if (state_ == State::connecting) return open_connection();
  if (state_ != State::closing) return;
  const bool all_written = engine_->output().empty();
  if (!all_written) return finish_closing(NetFault::timed_out);
  drop_connection();
  finish(nullptr);
}

void Client::engine_timer_expired() {
  engine_->expire(loop_.now());
  take_events();
}

}  // namespace mqtk
