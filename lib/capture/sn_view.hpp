// Messages of MQTT-SN as text: one line each, field by field, or JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "capture/sn_message.hpp"

namespace mqtk {

// What the topic ids of one client mean, learnt from what it and its gateway say.
class SnTopics {
 public:
  static constexpr std::size_t max_topics = 65'536;

  void learn(const SnMessage& message);
  // Of PUBLISH: the name that its TopicId stands for, or the short name itself; empty if it is not known.
  [[nodiscard]] std::string topic_of(const SnMessage& message) const;
  // Memory that the names take, about.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

 private:
  void set(std::map<std::uint32_t, std::string>& names, std::uint32_t id, std::string_view name);

  std::map<std::uint32_t, std::string> names_;    // by TopicId
  std::map<std::uint32_t, std::string> waiting_;  // by MsgId, of REGISTER and SUBSCRIBE
  std::size_t held_bytes_ = 0;
};

struct SnRecord {
  std::uint64_t index = 0;
  std::uint64_t stream = 1;  // client and gateway
  std::optional<WallTime> time;
  Role sender = Role::unknown;
  const SnMessage* message = nullptr;
  std::string_view topic;  // of PUBLISH
};

// Like "2026-…Z  C>G  PUBLISH  topic id 7 "a/b", QoS 1, id 3, 2 bytes "hi"", and a line for each problem.
void append_sn_line(std::string& out, const SnRecord& record);
// A heading, a line for each field with its octets, and an empty line.
void append_sn_fields(std::string& out, const SnRecord& record);
// One object: index, time, direction, stream, type, length, fields in snake_case, topic, problems.
void append_sn_json(std::string& out, const SnRecord& record);

}  // namespace mqtk
