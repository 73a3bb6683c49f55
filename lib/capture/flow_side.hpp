// What one side of a connection has sent and not finished: Packet Identifiers in use, requests, the order of answers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/time.hpp"
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
  [[nodiscard]] FlowEntry* find(PacketIdentifier id) {
    const auto found = in_flight_.find(id);
    return found == in_flight_.end() ? nullptr : &found->second;
  }
  FlowEntry& start(PacketIdentifier id, const FlowEntry& what) {
    finish(id);
    FlowEntry& started = spare_.empty() ? in_flight_[id] : insert_spare(id);
    started = what;
    started.counted = what.is_message();
    if (started.counted) ++messages_;
    return started;
  }
  void finish(PacketIdentifier id) {
    const auto found = in_flight_.find(id);
    if (found == in_flight_.end()) return;
    if (found->second.counted) --messages_;
    spare_ = in_flight_.extract(found);
  }
  // What an earlier connection had in flight counts from when its PUBLISH is sent again; a PUBREL does not count.
  void publish_again(FlowEntry& what) {
    if (!what.counted) ++messages_;
    what.counted = true;
    what.earlier_connection = false;
  }
  // Requests die with the connection, messages live on with the Session.
  void disconnect() {
    std::erase_if(in_flight_, [](const auto& entry) { return !entry.second.is_message(); });
    for (auto& [id, what] : in_flight_) {
      what.earlier_connection = true;
      what.counted = false;
    }
    messages_ = 0;
  }
  [[nodiscard]] const std::unordered_map<PacketIdentifier, FlowEntry>& in_flight() const { return in_flight_; }
  // Messages sent on this connection and not finished: what Receive Maximum limits.
  [[nodiscard]] std::size_t messages() const { return messages_; }

 private:
  FlowEntry& insert_spare(PacketIdentifier id) {
    spare_.key() = id;
    return in_flight_.insert(std::move(spare_)).position->second;
  }

  std::unordered_map<PacketIdentifier, FlowEntry> in_flight_;
  // The entry that was taken out last: most messages are finished before the next one starts.
  std::unordered_map<PacketIdentifier, FlowEntry>::node_type spare_;
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
