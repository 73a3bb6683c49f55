#include "broker/broker_connection.hpp"

#include <algorithm>
#include <utility>

#include "broker/access_rules.hpp"
#include "broker/broker_core.hpp"
#include "broker/refusal_text.hpp"
#include "broker/state_journal.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

// Retained messages looked at for one client in one turn.
constexpr std::size_t retained_steps = 256;

// After a pause the client's packets must be read before its silence counts.
constexpr Duration grace_after_pause = std::chrono::seconds{1};

std::size_t topic_levels(std::string_view topic) {
  return 1 + static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
}

// Topics that say what the broker knows about itself. Bridges of other brokers leave their state there, as at
// mosquitto.
bool belongs_to_broker(std::string_view topic_name) {
  return topic_name.starts_with("$SYS/") && !topic_matches("$SYS/broker/connection/+/state", topic_name);
}

}  // namespace

// Shows the packets of one connection to the listener.
class BrokerConnection::Tap final : public PacketObserver {
 public:
  Tap(const BrokerConnection& connection, std::uint64_t number) : connection_(connection), number_(number) {}
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  ~Tap() override { connection_.core_.state().listener.on_connection_closed(number_); }
  void packet_received(Bytes packet) override { tell(PacketDirection::to_broker, packet, {}); }
  void packet_sent(Bytes head, Bytes tail) override { tell(PacketDirection::to_client, head, tail); }

 private:
  void tell(PacketDirection direction, Bytes head, Bytes tail) const {
    const Session* session = connection_.session();
    connection_.core_.state().listener.on_packet(
        {.connection = number_,
         .client_identifier = session == nullptr ? std::string_view{} : std::string_view{session->client_identifier},
         .version = connection_.version(),
         .direction = direction,
         .head = head,
         .tail = tail});
  }
  const BrokerConnection& connection_;
  std::uint64_t number_;
};

BrokerConnection::BrokerConnection(BrokerCore& core, std::unique_ptr<NetworkConnection> network,
                                   std::uint32_t list_position)
    : position(list_position),
      core_(core),
      network_(std::move(network)),
      engine_(Role::server, core.scratch(), core.state().engine_options, core.state().host.now()),
      last_progress_(core.state().host.now()) {
  if (core.state().listener.wants_packets()) {
    particulars().tap = std::make_unique<Tap>(*this, core.state().counters.connections_opened);
    engine_.observe(particulars().tap.get());
  }
  if (core.state().options.max_publishes_per_second > 0) {
    particulars().publish_rate = RateLimit{core.state().options.max_publishes_per_second};
    rate_limit_ = true;
  }
  tells_messages_ = core.state().listener.wants_messages();
  network_->start(*this);
  watch_deadline();
}

BrokerConnection::~BrokerConnection() { core_.state().deadlines.clear(*this); }

BrokerConnection::Particulars& BrokerConnection::particulars() {
  if (particulars_ == nullptr) particulars_ = std::make_unique<Particulars>();
  return *particulars_;
}

std::string_view BrokerConnection::counted_address() const {
  return particulars_ == nullptr ? std::string_view{} : std::string_view{particulars_->counted_address};
}

std::string_view BrokerConnection::user_name() const {
  return particulars_ == nullptr ? std::string_view{} : std::string_view{particulars_->user_name};
}

void BrokerConnection::watch_deadline() {
  std::optional<TimePoint> next = engine_.deadline();
  if (particulars_ != nullptr) {
    for (const auto& own : {particulars_->authorized_until, particulars_->throttled_until}) {
      if (own) next = std::min(next.value_or(*own), *own);
    }
  }
  if (next) core_.state().set_deadline(*this, *next);
}

void BrokerConnection::authorize_for(std::optional<Duration> duration) {
  if (!duration && particulars_ == nullptr) return;
  particulars().authorized_until.reset();
  if (duration) particulars().authorized_until = core_.state().host.now() + *duration;
  watch_deadline();
}

void BrokerConnection::on_deadline(TimePoint now) {
  if (network_ == nullptr) return;
  if (particulars_ != nullptr) {
    const auto authorized_until = particulars_->authorized_until;
    if (authorized_until && *authorized_until <= now) return close_by_broker(ReasonCode::maximum_connect_time, now);
    auto& throttled_until = particulars_->throttled_until;
    if (throttled_until && *throttled_until > now) return core_.state().set_deadline(*this, *throttled_until);
    throttled_until.reset();
    if (std::exchange(throttled_, false) && !paused_) return resume_reading(now);
  }
  if (paused_) return core_.state().set_deadline(*this, now + grace_after_pause);
  const auto deadline = engine_.deadline();
  if (deadline && *deadline <= now) {
    engine_.expire(now);
    take_events(now);
  }
  if (network_ != nullptr) watch_deadline();
}

void BrokerConnection::on_readable() {
  const TimePoint now = core_.state().host.now();
  const auto received = network_->read(engine_.writable());
  if (!received && received.error() != std::errc::operation_would_block) return lost(received.error(), now);
  engine_.received(received.value_or(0));
  core_.state().counters.bytes_received += received.value_or(0);
  take_events(now);
}

void BrokerConnection::on_writable() {
  write_blocked_ = false;
  want_turn_end();
}

void BrokerConnection::take_events(TimePoint now) {
  Event& event = core_.event();
  unread_left_ = false;
  Engine::Step step;
  while ((step = engine_.next(now, event)) == Engine::Step::event) {
    handle(event, now);
    if (reads()) continue;
    engine_.set_aside();
    unread_left_ = true;
    break;
  }
  if (step == Engine::Step::closed) return close(now);
  if (!engine_.output().empty()) want_turn_end();
}

void BrokerConnection::handle(const Event& event, TimePoint now) {
  switch (event.type) {
    case Event::Type::publish: return on_publish(event, now);
    case Event::Type::publish_done: return on_publish_done(event, now);
    case Event::Type::connect: return core_.admission().on_connect(*this, event.as<Connect>(), event.raw, now);
    case Event::Type::auth: return core_.admission().on_auth(*this, event.as<Auth>(), now);
    case Event::Type::subscribe:
      return core_.subscribe_requests().on_subscribe(*this, *session_, event.as<Subscribe>());
    case Event::Type::unsubscribe:
      return core_.subscribe_requests().on_unsubscribe(*this, *session_, event.as<Unsubscribe>());
    case Event::Type::disconnect: return on_disconnect(event);
    case Event::Type::failed: return tell({.type = BrokerEvent::Type::failed, .fault = engine_.fault()});
    default: return;
  }
}

void BrokerConnection::on_publish(const Event& event, TimePoint now) {
  const auto& publish = event.as<Publish>();
  ++core_.state().counters.messages_received[static_cast<std::size_t>(publish.qos)];
  core_.state().counters.payload_bytes_received += publish.payload.size();
  if (publish.payload.size() > core_.state().options.service.max_payload_bytes && !of_this_process) {
    return condemn(ReasonCode::packet_too_large);
  }
  const ReasonCode reason_code = admit(publish);
  if (rate_limit_ && !of_this_process) limit_publish_rate(now);
  if (is_failure(reason_code)) return refuse(event, reason_code);
  if (tells_messages_) core_.state().listener.on_message(session_->client_identifier, publish);
  const std::size_t receivers = core_.fan_out().publish(publish, *this, *session_, now);
  if (publish.qos == QoS::at_most_once) return;
  const bool nobody = receivers == 0 && version() == Version::v5;
  engine_.acknowledge(publish.packet_identifier, nobody ? ReasonCode::no_matching_subscribers : ReasonCode::success);
  StateJournal* journal = core_.state().journal;
  if (journal != nullptr && publish.qos == QoS::exactly_once) journal->received(*session_, publish.packet_identifier);
}

void BrokerConnection::on_publish_done(const Event& event, TimePoint now) {
  last_progress_ = now;
  if (core_.state().journal != nullptr) core_.state().journal->finished(*session_, event.packet_identifier);
  want_turn_end();
}

// Whether the message may go out. What comes back is for PUBACK or PUBREC.
ReasonCode BrokerConnection::admit(const Publish& publish) const {
  const BrokerState& state = core_.state();
  const ReasonCode verdict = may_publish(session_->client_identifier, publish.topic_name);
  if (is_failure(verdict)) return verdict;
  const bool kept = publish.retain && !publish.payload.empty();
  if (kept && version() == Version::v5 && publish.qos != QoS::at_most_once &&
      !state.room_for_retained(publish.topic_name, publish.payload.size(), publish.payload.size())) {
    return ReasonCode::quota_exceeded;
  }
  return ReasonCode::success;
}

ReasonCode BrokerConnection::may_publish(std::string_view client_identifier, std::string_view topic_name) const {
  const BrokerState& state = core_.state();
  if (topic_levels(topic_name) > state.options.max_topic_levels) return ReasonCode::topic_name_invalid;
  if (of_this_process) return ReasonCode::success;
  const ServiceLimits& service = state.options.service;
  if (topic_name.size() > service.max_topic_bytes) return ReasonCode::topic_name_invalid;
  const ClientIdentity client{client_identifier, user_name()};
  const bool served = service.topics == nullptr ||
                      service.topics->may_publish({client.client_identifier, client.user_name}, topic_name);
  const bool allowed = state.access_control == nullptr || state.access_control->may_publish(client, topic_name);
  return served && allowed && !belongs_to_broker(topic_name) ? ReasonCode::success : ReasonCode::not_authorized;
}

// Nobody gets the message. Before 5.0 there is no way to say so: it is acknowledged as usual [MQTT-3.3.5-2].
void BrokerConnection::refuse(const Event& event, ReasonCode reason_code) {
  const auto& publish = event.as<Publish>();
  ++core_.state().counters.drops[static_cast<std::size_t>(DropReason::refused)];
  tell({.type = BrokerEvent::Type::message_dropped,
        .reason_code = reason_code,
        .qos = publish.qos,
        .topic = publish.topic_name,
        .detail = reason_name(reason_code, PacketType::puback)});
  if (publish.qos == QoS::at_most_once) return;
  if (version() != Version::v5) {
    engine_.acknowledge(publish.packet_identifier);
    return;
  }
  engine_.acknowledge(publish.packet_identifier, reason_code,
                      refusal_properties(reason_code, PacketType::puback).block());
}

void BrokerConnection::on_disconnect(const Event& event) {
  tell({.type = BrokerEvent::Type::disconnected, .reason_code = event.reason_code});
  if (session_ == nullptr) return;
  if (event.reason_code == ReasonCode::success) session_->will = {};  // [MQTT-3.14.4-3]
  if (version() != Version::v5) return;
  const auto expiry = event.as<Disconnect>().properties.number(PropertyId::session_expiry_interval);
  if (expiry) session_->expiry_interval = std::min(*expiry, core_.state().options.max_session_expiry_seconds);
}

// --- deliveries
// -------------------------------------------------------------------------------------------------------

bool BrokerConnection::room_in_output() {
  return engine_.output().size() <= core_.state().options.output_high_water_bytes;
}

BrokerConnection::Sent BrokerConnection::send(const PublishImage& image, TimePoint now) {
  const BrokerOptions& options = core_.state().options;
  const std::size_t waiting = engine_.output().size();
  if (waiting == 0) last_progress_ = now;
  const bool patient =
      waiting <= options.output_high_water_bytes || now - last_progress_ <= options.at_most_once_patience;
  if (!patient || waiting + image.size() > options.max_output_bytes) return Sent::too_much_waits;
  if (!engine_.publish(image, now)) return Sent::too_large;
  note_sent(QoS::at_most_once, image.payload_size());
  want_turn_end();
  return Sent::yes;
}

BrokerConnection::Sent BrokerConnection::send(const PublishImage& image, const Delivery& delivery, TimePoint now) {
  if (!room_in_output() || engine_.send_window() == 0) return Sent::too_much_waits;
  if (engine_.output().empty()) last_progress_ = now;
  const auto sent = engine_.publish(image, delivery, now);
  if (!sent) {
    return sent.error().rule == Rule::packet_too_large ? Sent::too_large : Sent::too_much_waits;
  }
  if (core_.state().journal != nullptr) core_.state().journal->sent(*session_, *sent, delivery);
  note_sent(delivery.qos, image.payload_size());
  want_turn_end();
  return Sent::yes;
}

void BrokerConnection::note_sent(QoS qos, std::size_t payload_bytes) {
  BrokerCounters& counters = core_.state().counters;
  ++counters.messages_sent[static_cast<std::size_t>(qos)];
  counters.payload_bytes_sent += payload_bytes;
}

void BrokerConnection::about_to_queue(TimePoint now) {
  if (session_->pending.empty() && engine_.output().empty()) last_progress_ = now;
}

void BrokerConnection::want_turn_end() {
  if (wants_turn_end_) return;
  wants_turn_end_ = true;
  core_.call_at_turn_end(*this);
}

bool BrokerConnection::congested() {
  const BrokerOptions& options = core_.state().options;
  const DeliveryQueue& pending = session_->pending;
  return !room_in_output() || pending.size() * 2 > options.max_queued_messages ||
         pending.message_bytes() * 2 > options.max_queued_bytes;
}

void BrokerConnection::prepare(TimePoint now) {
  wants_turn_end_ = false;
  if (network_ == nullptr) return;
  if (condemned_ != ReasonCode::success) return close_by_broker(condemned_, now);
  if (unread_left_ && reads()) take_what_was_set_aside(now);
  if (network_ == nullptr) return;
  send_pending(now);
}

void BrokerConnection::flush(TimePoint now) {
  if (network_ == nullptr) return;
  SendQueue& output = engine_.output();
  if (output.empty() && work_left_) want_turn_end();
  if (write_blocked_ || output.empty()) return;
  const std::size_t before = output.size();
  const auto result = network_->flush(output);
  if (!result) return lost(result.error(), now);
  core_.state().counters.bytes_sent += before - output.size();
  if (output.size() < before) last_progress_ = now;
  write_blocked_ = *result == FlushResult::part;
  if (waiting_publishers > 0 && !congested()) core_.back_pressure().relieve(*this, now);
  if (work_left_ && !write_blocked_) want_turn_end();
}

// Moves what waits in the Session to the output, as far as the client's window and the high water mark allow.
void BrokerConnection::send_pending(TimePoint now) {
  work_left_ = false;
  if (session_ == nullptr || !engine_.open()) return;
  DeliveryQueue& pending = session_->pending;
  StateJournal* journal = core_.state().journal;
  if (pending.empty() && session_->retained != nullptr) find_retained(now);
  while (!pending.empty()) {
    if (pending.front().message.expired(now)) {  // [MQTT-3.3.2-5]
      const ApplicationMessage expired = pending.front().message;
      core_.state().message_dropped(*session_, expired.topic(), pending.front().qos, DropReason::expired);
      if (journal != nullptr) journal->queued_dropped(*session_, pending.front().qos);
      pending.drop_front();
      continue;
    }
    if (pending.front().qos != QoS::at_most_once && engine_.send_window() == 0) return;
    if (!room_in_output()) {
      work_left_ = true;
      return;
    }
    const Delivery& delivery = pending.front();
    if (const auto sent = engine_.publish(delivery, now)) {
      if (journal != nullptr) journal->queued_sent(*session_, *sent);
      note_sent(delivery.qos, delivery.message.payload().size());
    } else {
      if (journal != nullptr) journal->queued_dropped(*session_, delivery.qos);
      core_.state().message_dropped(*session_, delivery.message.topic(), delivery.qos, DropReason::too_large);
    }
    pending.drop_front();
  }
  work_left_ = session_->retained != nullptr;
}

// Queues some of the retained messages that new subscriptions are to get; the rest follows in other turns, so that one
// client with very many of them does not keep the others waiting.
void BrokerConnection::find_retained(TimePoint now) {
  auto& deliveries = *session_->retained;
  if (deliveries.empty()) {
    session_->retained.reset();
    return;
  }
  StateJournal* journal = core_.state().journal;
  std::vector<ApplicationMessage> found;
  for (std::size_t steps = retained_steps; steps > 0 && !deliveries.empty(); found.clear()) {
    RetainedDelivery& first = deliveries.front();
    steps = core_.state().retained.find_some(first.search, steps, now, found);
    SharedBytes identifiers;
    if (first.identifier != 0 && !found.empty()) {
      PropertyWriter writer;
      writer.add(PropertyId::subscription_identifier, first.identifier);
      identifiers = SharedBytes::copy_of(writer.block().bytes());
    }
    for (ApplicationMessage& message : found) {
      const QoS qos = std::min(first.qos, message.qos());
      Delivery delivery{std::move(message), identifiers, 0, qos, true};
      if (journal != nullptr) journal->queued(*session_, delivery);
      session_->pending.push(std::move(delivery));
    }
    if (first.search.done()) {
      if (journal != nullptr) journal->retained_served(*session_);
      deliveries.pop_front();
    }
    if (steps > 0) --steps;  // a search that finds nothing to look at costs something, too
  }
}

// --- back-pressure
// ----------------------------------------------------------------------------------------------------

void BrokerConnection::pause_reading() {
  paused_ = true;
  network_->pause_reading();
}

void BrokerConnection::resume_reading(TimePoint now) {
  paused_ = false;
  if (network_ == nullptr || throttled_) return;
  core_.state().set_deadline(*this, now + grace_after_pause);
  if (unread_left_) return want_turn_end();
  network_->resume_reading();
}

// What had come already when the publisher had to wait; only then the network is read again.
void BrokerConnection::take_what_was_set_aside(TimePoint now) {
  take_events(now);
  if (network_ != nullptr && reads()) network_->resume_reading();
}

void BrokerConnection::limit_publish_rate(TimePoint now) {
  const Duration wait = particulars_->publish_rate.take(now);
  if (wait == Duration{0}) return;
  throttled_ = true;
  particulars_->throttled_until = now + wait;
  ++core_.state().counters.publishers_slowed;
  network_->pause_reading();
  core_.state().set_deadline(*this, now + wait);
}

// --- the end
// ----------------------------------------------------------------------------------------------------------

void BrokerConnection::close_by_broker(ReasonCode reason_code, TimePoint now) {
  // A DISCONNECT that the client cannot take is left out.
  const auto told = engine_.disconnect(reason_code, refusal_properties(reason_code, PacketType::disconnect).block());
  tell({.type = BrokerEvent::Type::closed_by_broker,
        .reason_code = reason_code,
        .detail = told ? "" : "the client could not be told"});
  close(now);
}

void BrokerConnection::condemn(ReasonCode reason_code) {
  condemned_ = reason_code;
  want_turn_end();
}

void BrokerConnection::leave_will_unpublished() {
  if (session_ != nullptr) session_->will = {};
}

void BrokerConnection::lost(const std::error_code& error, TimePoint now) {
  const std::string detail = error.message();
  tell({.type = BrokerEvent::Type::connection_lost, .detail = detail});
  network_.reset();
  detach(now);
  core_.remove(*this);
}

void BrokerConnection::close(TimePoint now) {
  auto network = std::move(network_);
  SendQueue rest = std::move(engine_.output());
  if (!core_.commit()) rest.clear();
  core_.state().host.close_after_sending(std::move(network), std::move(rest));
  detach(now);
  core_.remove(*this);
}

void BrokerConnection::cut(TimePoint now) {
  leave_will_unpublished();
  network_.reset();
  detach(now);
  core_.remove(*this);
}

void BrokerConnection::detach(TimePoint now) {
  core_.back_pressure().forget(*this, now);
  if (session_ == nullptr) return;
  Session& session = *session_;
  session_ = nullptr;
  --core_.state().counters.clients_connected;
  core_.session_life().leave(session, now);
}

void BrokerConnection::tell(BrokerEvent event) const {
  const std::string address = peer_address();
  event.peer_address = address;
  event.version = version();
  if (session_ != nullptr) event.client_identifier = session_->client_identifier;
  core_.state().listener.on_event(event);
}

}  // namespace mqtk
