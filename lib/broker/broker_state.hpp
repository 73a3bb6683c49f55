// What the parts of a broker share: options, Sessions, subscriptions, retained messages, counters and the way out.
#pragma once

#include <memory>
#include <string_view>

#include "base/deadlines.hpp"
#include "base/send_queue.hpp"
#include "base/time.hpp"
#include "broker/access_control.hpp"
#include "broker/broker_counters.hpp"
#include "broker/broker_listener.hpp"
#include "broker/broker_options.hpp"
#include "broker/retained_messages.hpp"
#include "broker/session_store.hpp"
#include "broker/subscription_index.hpp"
#include "net/network_connection.hpp"
#include "session/engine.hpp"

namespace mqtk {

// What a broker needs of the world: a Loop, or a test that plays one.
class BrokerHost {
 public:
  virtual ~BrokerHost() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  // BrokerCore::end_turn() is to be called once when this turn ends; at the next one's end if it is being called.
  virtual void call_at_turn_end() = 0;
  // BrokerCore::expire() is to be called then; replaces the earlier time.
  virtual void wake_at(TimePoint when) = 0;
  virtual void close_after_sending(std::unique_ptr<NetworkConnection> connection, SendQueue rest) = 0;
};

class StateJournal;

struct BrokerState {
  BrokerState(const BrokerOptions& broker_options, BrokerHost& broker_host, BrokerListener& broker_listener,
              SessionDeadlineListener& deadline_listener)
      : options(broker_options),
        engine_options{.limits = options.limits,
                       .connect_timeout = options.connect_timeout,
                       .maximum_in_flight = options.max_in_flight,
                       .counters = &counters.packets},
        host(broker_host),
        listener(broker_listener),
        sessions(deadline_listener, options.seed),
        subscriptions(options.seed, options.service.multi_level_covers_parent),
        retained(options.seed, options.service.multi_level_covers_parent) {}

  const BrokerOptions options;
  BrokerCounters counters;
  EngineOptions engine_options;  // unchanged from the first connection on
  BrokerHost& host;
  BrokerListener& listener;
  AccessControl* access_control = nullptr;
  StateJournal* journal = nullptr;  // null where nothing is kept on a disk
  SessionStore sessions;
  SubscriptionIndex subscriptions;
  RetainedMessages retained;
  Deadlines deadlines;

  void set_deadline(Timed& timed, TimePoint due) {
    deadlines.set(timed, due);
    host.call_at_turn_end();
  }

  // For a message of so many bytes, in place of the one that is retained for the topic.
  [[nodiscard]] bool room_for_retained(std::string_view topic, std::size_t payload_bytes,
                                       std::size_t message_bytes) const {
    if (payload_bytes > options.service.max_retained_payload_bytes) return false;
    const bool fits_beside = retained.size() < options.max_retained_messages &&
                             retained.message_bytes() + message_bytes <= options.max_retained_bytes;
    if (fits_beside) return true;
    const ApplicationMessage* earlier = retained.find(topic);
    if (earlier == nullptr && retained.size() >= options.max_retained_messages) return false;
    const std::size_t freed_bytes = earlier == nullptr ? 0 : earlier->memory_bytes();
    return message_bytes <= freed_bytes ||
           retained.message_bytes() - freed_bytes + message_bytes <= options.max_retained_bytes;
  }

  // Notes that nobody gets the message.
  void message_dropped(std::string_view topic, QoS qos, DropReason reason) {
    ++counters.drops[static_cast<std::size_t>(reason)];
    listener.on_event({.type = BrokerEvent::Type::message_dropped,
                       .qos = qos,
                       .drop_reason = reason,
                       .topic = topic,
                       .detail = drop_reason_text(reason)});
  }

  // Notes that `session` misses `count` messages; the topic is that of a single one.
  void message_dropped(Session& session, std::string_view topic, QoS qos, DropReason reason, std::uint64_t count = 1) {
    counters.drops[static_cast<std::size_t>(reason)] += count;
    session.dropped += count;
    listener.on_event({.type = BrokerEvent::Type::message_dropped,
                       .qos = qos,
                       .drop_reason = reason,
                       .count = count,
                       .client_identifier = session.client_identifier,
                       .topic = topic,
                       .detail = drop_reason_text(reason)});
  }
};

}  // namespace mqtk
