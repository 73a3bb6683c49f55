// The Sessions of all clients, there or away, by Client Identifier.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "base/deadlines.hpp"
#include "base/text_hash.hpp"
#include "broker/bridge_peer.hpp"
#include "broker/retained_messages.hpp"
#include "broker/subscription_index.hpp"
#include "session/broker_session.hpp"

namespace mqtk {

class BrokerConnection;
struct Session;

class SessionDeadlineListener {
 public:
  // The Will may be due, or the Session over, which may destroy it.
  virtual void on_session_deadline(Session& session, TimePoint now) = 0;

 protected:
  ~SessionDeadlineListener() = default;
};

// Retained messages that a new subscription still has to be sent.
struct RetainedDelivery {
  RetainedMessages::Search search;
  std::string filter;
  std::uint32_t identifier;
  QoS qos;  // granted
};

struct Session final : BrokerSession, Subscriber, Timed {
  Session(SessionDeadlineListener& deadline_listener, std::string_view identifier, std::uint64_t session_number)
      : owner(deadline_listener) {
    client_identifier = identifier;
    number = session_number;
  }
  void on_deadline(TimePoint now) override { owner.on_session_deadline(*this, now); }

  bool kept = false;  // on a disk, as it outlives its connection
  BridgePeer bridge;
  std::uint32_t snapshot = 0;  // for StateJournal: the last one that it is in
  SessionDeadlineListener& owner;
  BrokerConnection* connection = nullptr;  // null while the client is away
  std::uint64_t dropped = 0;               // messages that it missed
  // Null while none is under way. Until the last of them is sent, QoS 0 messages queue up behind them.
  std::unique_ptr<std::deque<RetainedDelivery>> retained;

  // A new subscription is to be sent retained messages.
  RetainedDelivery& expect_retained(const TopicFilter& filter, std::uint32_t identifier, QoS qos);
  // Retained messages that were still to be looked for because of an earlier subscription.
  void forget_retained(std::string_view filter);
};

class SessionStore {
 public:
  SessionStore(SessionDeadlineListener& owner, std::uint64_t seed)
      : owner_(owner), sessions_(0, Hash{TextHash{seed}}) {}

  [[nodiscard]] Session* find(std::string_view client_identifier) const;
  // There must be none with this Client Identifier.
  Session& create(std::string_view client_identifier);
  // The same with the number that it had.
  Session& restore(std::string_view client_identifier, std::uint64_t number);
  void erase(Session& session);

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  // In no order. `visit` neither creates nor erases Sessions.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Session& session : sessions_) visit(changeable(session));
  }
  // The same in portions: one bucket of the table after the other. All begin anew when there are other buckets.
  [[nodiscard]] std::size_t bucket_count() const { return sessions_.bucket_count(); }
  template <class Visit>
  void for_each_in_bucket(std::size_t bucket, Visit visit) const {
    for (auto at = sessions_.begin(bucket); at != sessions_.end(bucket); ++at) visit(changeable(*at));
  }

 private:
  struct Hash : TextHash {
    using TextHash::operator();
    std::size_t operator()(const Session& session) const noexcept { return (*this)(session.client_identifier); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Session& a, const Session& b) const noexcept { return &a == &b; }
    bool operator()(std::string_view a, const Session& b) const noexcept { return a == b.client_identifier; }
    bool operator()(const Session& a, std::string_view b) const noexcept { return b == a.client_identifier; }
  };
  // They lie in the nodes of the table, which knows them by their Client Identifiers alone: all else may change.
  static Session& changeable(const Session& session) { return const_cast<Session&>(session); }

  SessionDeadlineListener& owner_;
  std::unordered_set<Session, Hash, Equal> sessions_;
  std::uint64_t last_number_ = 0;
};

}  // namespace mqtk
