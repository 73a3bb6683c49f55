// What one side of a connection has sent and not finished: Packet Identifiers in use, requests, the order of answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"
#include "capture/identifier_map.hpp"
#include "capture/small_queue.hpp"
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
  bool alias_unknown = false;       // its Topic Alias has no meaning
  bool counted = false;             // its PUBLISH was sent on this connection: Receive Maximum counts it
  std::uint64_t content = 0;        // hash of Topic Name and payload
  std::uint32_t filters = 0;        // of SUBSCRIBE and UNSUBSCRIBE
  std::uint64_t order = 0;          // of a message: counts what this side has sent, over all connections
  std::optional<WallTime> time;

  [[nodiscard]] bool is_message() const { return stage <= Stage::released; }
};

// What a node of a map takes beside its value, about.
inline constexpr std::size_t map_node_bytes = 48;

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
    if (started.counted) {
      ++messages_;
      highest_ = std::max(highest_, id);
      if (!refused_.empty()) refused_.erase(id);
    }
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
  // The receiver has refused the message: it is finished, and remembered until the identifier is used for another.
  void refuse(PacketIdentifier id, std::uint64_t content) {
    constexpr std::size_t max_refused = 1024;
    if (refused_.size() < max_refused) refused_[id] = content;
    finish(id);
  }
  // Whether this is the message that was refused last under this identifier.
  [[nodiscard]] bool was_refused(PacketIdentifier id, std::uint64_t content) const {
    const auto found = refused_.find(id);
    return found != refused_.end() && found->second == content;
  }
  // The highest identifier that a message has had so far.
  [[nodiscard]] PacketIdentifier highest() const { return highest_; }
  // Whether a message of an earlier connection holds this.
  [[nodiscard]] bool holds_earlier(std::uint64_t content) const {
    for (const auto& [id, what] : in_flight_) {
      if (what.is_message() && what.earlier_connection && what.content == content) return true;
    }
    return false;
  }
  [[nodiscard]] const IdentifierMap<FlowEntry>& in_flight() const { return in_flight_; }
  // Messages sent on this connection and not finished: what Receive Maximum limits.
  [[nodiscard]] std::size_t messages() const { return messages_; }
  // Memory that it takes beside its own.
  [[nodiscard]] std::size_t held_bytes() const {
    return in_flight_.held_bytes() + refused_.size() * (sizeof(*refused_.begin()) + map_node_bytes);
  }

 private:
  IdentifierMap<FlowEntry> in_flight_;
  std::map<PacketIdentifier, std::uint64_t> refused_;  // hashes of what was refused
  PacketIdentifier highest_ = 0;
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
    return !due_.erase(id);
  }
  void release() { due_.release(); }
  [[nodiscard]] std::size_t held_bytes() const { return due_.held_bytes(); }

 private:
  SmallQueue<PacketIdentifier> due_;
};

}  // namespace mqtk
