#include "broker/fan_out.hpp"

#include <algorithm>

#include "broker/broker_connection.hpp"
#include "broker/state_journal.hpp"

namespace mqtk {
namespace {

// One Subscription Identifier property.
void append_identifier(std::vector<std::uint8_t>& properties, std::uint32_t identifier) {
  properties.push_back(static_cast<std::uint8_t>(PropertyId::subscription_identifier));
  for (; identifier > 0x7F; identifier >>= 7U) properties.push_back(static_cast<std::uint8_t>(identifier | 0x80U));
  properties.push_back(static_cast<std::uint8_t>(identifier));
}

}  // namespace

std::size_t FanOut::publish(const Publish& publish, BrokerConnection& connection, const Session& publisher,
                            TimePoint now) {
  source_ = {.publish = &publish,
             .message = {},
             .connection = &connection,
             .publisher = &publisher,
             .now = now,
             .topic = publish.topic_name,
             .qos = publish.qos,
             .retain = publish.retain};
  return distribute();
}

std::size_t FanOut::publish(const ApplicationMessage& message, const Session* publisher, TimePoint now) {
  source_ = {.publish = nullptr,
             .message = message,
             .connection = nullptr,
             .publisher = publisher,
             .now = now,
             .topic = message.topic(),
             .qos = message.qos(),
             .retain = message.retain()};
  return distribute();
}

std::size_t FanOut::distribute() {
  images_used_ = 0;
  const Matches& matches = state_.subscriptions.match(source_.topic);
  const std::span<const Match> all = matches.subscriptions;
  std::size_t receivers = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && all[end].subscriber == all[begin].subscriber) ++end;
    Copy copy;
    if (merge(all.subspan(begin, end - begin), copy)) {
      if (copy.session->bridge.keeps_topics() && identifiers_.empty()) {
        to_bridges_.push_back(copy);
      } else {
        deliver(copy);
      }
      ++receivers;
    }
    begin = end;
  }
  if (!to_bridges_.empty()) deliver_to_bridges();
  for (SharedGroup* group : matches.groups) {
    Copy copy;
    if (!choose_member(*group, copy)) continue;
    deliver(copy);
    ++receivers;
  }
  if (source_.retain) retain();
  source_ = {};
  return receivers;
}

// Of clients that lead to the same broker one gets the message: rather one that is there, rather this broker's own.
void FanOut::deliver_to_bridges() {
  const auto rank = [](const Copy& copy) {
    return std::pair{copy.session->connection == nullptr, !copy.session->bridge.is_own()};
  };
  std::ranges::sort(to_bridges_, [&](const Copy& a, const Copy& b) {
    const BridgePeer left = a.session->bridge;
    const BridgePeer right = b.session->bridge;
    return left.leads_to_same(right) ? rank(a) < rank(b) : left.number() < right.number();
  });
  identifiers_.clear();
  BridgePeer served;
  for (const Copy& copy : to_bridges_) {
    if (!copy.session->bridge.leads_to_same(served)) deliver(copy);
    served = copy.session->bridge;
  }
  to_bridges_.clear();
}

// One copy serves all matching subscriptions of a client: at the highest QoS [MQTT-3.3.4-2], with the Subscription
// Identifiers of all [MQTT-3.3.4-4].
bool FanOut::merge(std::span<const Match> matches, Copy& copy) {
  identifiers_.clear();
  for (const Match& match : matches) {
    if (match.no_local && match.subscriber == source_.publisher) continue;  // [MQTT-3.8.3-3]
    auto* receiver = static_cast<Session*>(match.subscriber);
    // It came from where this would take it.
    if (source_.publisher != nullptr && source_.publisher->bridge.leads_to_same(receiver->bridge)) continue;
    copy.session = receiver;
    copy.qos = std::max(copy.qos, match.qos);
    copy.retain |= match.retain_as_published && source_.retain;  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    if (match.identifier != 0) append_identifier(identifiers_, match.identifier);
  }
  return copy.session != nullptr;
}

// Members take turns; one that is there and keeps up comes before one that does not, and that before one that is away.
bool FanOut::choose_member(SharedGroup& group, Copy& copy) {
  const std::size_t count = group.members.size();
  const Match* best = nullptr;
  int best_rank = 0;
  std::size_t place = group.next;
  for (std::size_t i = 0; i < count && best_rank < 3; ++i) {
    const std::size_t at = (group.next + i) % count;
    const Match& match = group.members[at].match;
    BrokerConnection* connection = static_cast<const Session&>(*match.subscriber).connection;
    const int rank = connection == nullptr ? 1 : connection->congested() ? 2 : 3;
    if (rank == 1 && std::min(match.qos, source_.qos) == QoS::at_most_once) continue;
    if (rank <= best_rank) continue;
    best = &match;
    best_rank = rank;
    place = at;
  }
  if (best == nullptr) return false;
  group.next = static_cast<std::uint32_t>(place + 1);
  copy.group = group.number;
  return merge({best, 1}, copy);
}

void FanOut::deliver(const Copy& granted) {
  Copy copy = granted;
  copy.qos = std::min(copy.qos, source_.qos);  // [MQTT-3.8.4-8]
  BrokerConnection* receiver = copy.session->connection;
  if (copy.qos != QoS::at_most_once) {
    send_or_queue(copy);
  } else if (receiver == nullptr) {
    return;  // QoS 0 is not kept for clients that are away
  } else if (copy.session->retained != nullptr) {
    queue(copy);
  } else {
    const Image& image = image_for(receiver->version(), copy);
    const auto sent = image.sendable ? receiver->send(image.encoded, source_.now) : BrokerConnection::Sent::too_large;
    if (sent == BrokerConnection::Sent::too_much_waits) {
      state_.message_dropped(*copy.session, source_.topic, copy.qos, DropReason::slow_receiver);
    } else if (sent == BrokerConnection::Sent::too_large) {
      // [MQTT-3.1.2-25]
      state_.message_dropped(*copy.session, source_.topic, copy.qos, DropReason::too_large);
    }
  }
  if (receiver != nullptr && source_.connection != nullptr && receiver->congested()) {
    back_pressure_.consider(*source_.connection, *receiver, copy.qos, source_.now);
  }
}

void FanOut::send_or_queue(const Copy& copy) {
  BrokerConnection* receiver = copy.session->connection;
  if (receiver == nullptr || !copy.session->pending.empty() || copy.session->retained != nullptr) return queue(copy);
  const Image& image = image_for(receiver->version(), copy);
  const auto sent = image.sendable ? receiver->send(image.encoded, delivery_for(copy), source_.now)
                                   : BrokerConnection::Sent::too_large;
  if (sent == BrokerConnection::Sent::too_much_waits) {
    queue(copy);
  } else if (sent == BrokerConnection::Sent::too_large) {
    state_.message_dropped(*copy.session, source_.topic, copy.qos, DropReason::too_large);
  }
}

void FanOut::queue(const Copy& copy) {
  Session& session = *copy.session;
  Delivery delivery = delivery_for(copy);
  const bool full = session.pending.size() >= state_.options.max_queued_messages ||
                    session.pending.message_bytes() + delivery.message.memory_bytes() > state_.options.max_queued_bytes;
  if (!full) {
    if (session.connection != nullptr) session.connection->about_to_queue(source_.now);
    if (state_.journal != nullptr) state_.journal->queued(session, delivery);
    session.pending.push(std::move(delivery));
    return;
  }
  state_.message_dropped(session, source_.topic, copy.qos, DropReason::queue_full);
  const bool must_arrive = copy.qos != QoS::at_most_once && session.connection != nullptr;
  if (must_arrive) session.connection->condemn(ReasonCode::quota_exceeded);
}

FanOut::Image& FanOut::image_for(Version version, const Copy& copy) {
  const auto same_layout = [&](const std::unique_ptr<Image>& image) {
    return image->layout.version == version && image->layout.qos == copy.qos && image->layout.retain == copy.retain &&
           image->identifiers == identifiers_;
  };
  const auto used = images_.begin() + static_cast<std::ptrdiff_t>(images_used_);
  const auto found = std::find_if(images_.begin(), used, same_layout);
  if (found != used) return **found;
  if (used == images_.end()) images_.push_back(std::make_unique<Image>());
  Image& image = *images_[images_used_++];
  image.identifiers = identifiers_;
  image.layout = {version, copy.qos, copy.retain, image.identifiers};
  image.sendable =
      static_cast<bool>(source_.publish != nullptr ? image.encoded.build(*source_.publish, image.layout)
                                                   : image.encoded.build(source_.message, image.layout, source_.now));
  return image;
}

const ApplicationMessage& FanOut::message() {
  if (!source_.message && source_.publish != nullptr) {
    source_.message = ApplicationMessage::make(*source_.publish, source_.now);
  }
  return source_.message;
}

Delivery FanOut::delivery_for(const Copy& copy) {
  return {.message = message(),
          .subscription_identifiers = identifiers_.empty() ? SharedBytes{} : SharedBytes::copy_of(identifiers_),
          .tag = copy.group,
          .qos = copy.qos,
          .retain = copy.retain};
}

void FanOut::retain() {
  if (!state_.options.service.retains_messages && !source_.topic.starts_with("$SYS/")) return;
  const ApplicationMessage& kept = message();
  if (!kept.payload().empty() && !state_.room_for_retained(source_.topic, kept.payload().size(), kept.memory_bytes())) {
    // What was retained before is not the topic's last message any more.
    if (state_.retained.find(source_.topic) != nullptr) {
      state_.retained.remove(source_.topic);
      if (state_.journal != nullptr) state_.journal->retained_gone(source_.topic);
    }
    ++state_.counters.messages_not_retained;
    state_.listener.on_event({.type = BrokerEvent::Type::message_not_retained,
                              .qos = source_.qos,
                              .client_identifier = source_.publisher == nullptr
                                                       ? std::string_view{}
                                                       : std::string_view{source_.publisher->client_identifier},
                              .topic = source_.topic});
    return;
  }
  state_.retained.store(kept);
  if (state_.journal != nullptr) state_.journal->retained(kept);
}

void FanOut::deliver_again(std::span<const Delivery> deliveries, TimePoint now) {
  for (const Delivery& delivery : deliveries) {
    SharedGroup* group = state_.subscriptions.find_group(delivery.tag);
    const bool expired = delivery.message.expired(now);
    if (group == nullptr || expired) {
      state_.message_dropped(delivery.message.topic(), delivery.qos,
                             expired ? DropReason::expired : DropReason::session_ended);
      continue;
    }
    images_used_ = 0;
    source_ = {.publish = nullptr,
               .message = delivery.message,
               .connection = nullptr,
               .publisher = nullptr,
               .now = now,
               .topic = delivery.message.topic(),
               .qos = delivery.message.qos(),
               .retain = delivery.message.retain()};
    Copy copy;
    if (choose_member(*group, copy)) {
      deliver(copy);
    } else {
      state_.message_dropped(source_.topic, delivery.qos, DropReason::session_ended);
    }
  }
  source_ = {};
}

}  // namespace mqtk
