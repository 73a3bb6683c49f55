// What one side of a connection has sent and not finished: Packet Identifiers in use, requests, the order of answers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.hpp"
#include "capture/identifier_map.hpp"
#include "codec/types.hpp"

namespace mqtk {

// A PUBLISH of QoS 1 or 2, SUBSCRIBE or UNSUBSCRIBE on its way.
struct FlowEntry {
  enum class Stage : std::uint8_t {
    published_qos_1,
    published_qos_2,
    received,  // PUBREC has come
    released,  // PUBREL has been sent
    subscribe,
    unsubscribe,
  };
  Stage stage{};
  bool earlier_connection = false;  // sent before the client reconnected, not yet sent again
  bool counted = false;             // its PUBLISH was sent on this connection: Receive Maximum counts it
  std::uint64_t content = 0;        // hash of Topic Name and payload
  std::uint16_t filters = 0;        // of SUBSCRIBE and UNSUBSCRIBE
  std::uint64_t order = 0;          // of a message: counts what this side has sent, over all connections
  std::optional<WallTime> time;

  [[nodiscard]] bool is_message() const { return stage <= Stage::released; }
};

class FlowSide {
 public:
  [[nodiscard]] FlowEntry* find(PacketIdentifier id) { return in_flight_.find(id); }
  // In place of what had the identifier before.
  FlowEntry& start(PacketIdentifier id, const FlowEntry& what) {
    FlowEntry* known = in_flight_.find(id);
    if (known != nullptr && known->counted) --messages_;
    FlowEntry& started = known != nullptr ? *known : in_flight_.insert(id, what);
    started = what;
    started.counted = what.is_message();
    if (started.counted) ++messages_;
    return started;
  }
  void finish(PacketIdentifier id) {
    const FlowEntry* known = in_flight_.find(id);
    if (known == nullptr) return;
    if (known->counted) --messages_;
    in_flight_.erase(id);
  }
  // What an earlier connection had in flight counts from when its PUBLISH is sent again; a PUBREL does not count.
  void publish_again(FlowEntry& what) {
    if (!what.counted) ++messages_;
    what.counted = true;
    what.earlier_connection = false;
  }
  // Requests die with the connection, messages live on with the Session.
  void disconnect() {
    in_flight_.erase_if([](const FlowEntry& what) { return !what.is_message(); });
    in_flight_.for_each([](FlowEntry& what) {
      what.earlier_connection = true;
      what.counted = false;
    });
    messages_ = 0;
  }
  [[nodiscard]] const IdentifierMap<FlowEntry>& in_flight() const { return in_flight_; }
  // Messages sent on this connection and not finished: what Receive Maximum limits.
  [[nodiscard]] std::size_t messages() const { return messages_; }

 private:
  IdentifierMap<FlowEntry> in_flight_;
  std::size_t messages_ = 0;
};

// Identifiers in the order in which answers to them are due.
class AnswerOrder {
 public:
  void expect(PacketIdentifier id) {
    // Answers that are not checked must not make this grow.
    if (due_.size() >= 65535) due_.pop_front();
    due_.push_back(id);
  }
  // Takes the answer; false if an older one was due.
  bool answer(PacketIdentifier id) {
    if (due_.empty()) return true;
    if (due_.front() == id) {
      due_.pop_front();
      return true;
    }
    for (auto each = due_.begin(); each != due_.end(); ++each) {
      if (*each != id) continue;
      due_.erase(each);
      return false;
    }
    return true;
  }
  void clear() { due_.clear(); }

 private:
  std::deque<PacketIdentifier> due_;
};

}  // namespace mqtk
