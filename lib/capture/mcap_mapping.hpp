// How MQTT messages lie in an MCAP file (profile `mqtt`; man/mqtk-recording.5 describes it).
//
// What the messages of a publisher mostly share makes a channel: topic, QoS, RETAIN, Content Type, Payload Format
// Indicator, Response Topic. What differs from message to message lies in a message of the channel `$mqtt/attributes`
// just before, with the same sequence and time, and only where there is something to say. Messages of topics for which
// no channel is left lie in `$mqtt/overflow` as whole PUBLISH packets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/message_record.hpp"

namespace mqtk::mcap {

inline constexpr std::string_view profile = "mqtt";
inline constexpr std::string_view mapping_version = "1";
// Topics of messages that begin so would be taken for the channels of the mapping: they go to the overflow channel.
inline constexpr std::string_view reserved_topics = "$mqtt/";
inline constexpr std::string_view attributes_topic = "$mqtt/attributes";
inline constexpr std::string_view overflow_topic = "$mqtt/overflow";

// Channel identifiers have 16 bits, and some readers do not take 0.
inline constexpr std::uint16_t attributes_channel = 1;
inline constexpr std::uint16_t overflow_channel = 2;
inline constexpr std::uint16_t first_topic_channel = 3;

using Metadata = std::vector<std::pair<std::string, std::string>>;

// What a channel of a topic says of its messages.
struct TopicChannel {
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  bool has_expiry = false;    // the values are in the attributes
  PropertyWriter properties;  // Payload Format Indicator, Content Type, Response Topic
};

// Two messages belong to one channel if their keys are equal. Replaces `key`.
void make_key(const MessageRecord& message, std::string& key);

[[nodiscard]] TopicChannel channel_of(const MessageRecord& message);
[[nodiscard]] Metadata channel_metadata(const TopicChannel& channel);
// "json", "cbor", … or "raw", by Content Type or, without one, by a look at the payload.
[[nodiscard]] std::string_view message_encoding(const MessageRecord& message);

// Sets what one pair of a channel's metadata says; what is not ours or not valid is passed over.
void take_metadata(TopicChannel& channel, std::string_view name, std::string_view value);

// Whether the message has anything that its channel does not say.
[[nodiscard]] bool has_attributes(const MessageRecord& message);
// A JSON object, appended.
void append_attributes(std::string& out, const MessageRecord& message);

struct Attributes {
  bool dup = false;
  bool retained_at_subscribe = false;
  std::string client;
  PropertyWriter properties;
};
// Nothing if the text is no such object.
[[nodiscard]] std::optional<Attributes> parse_attributes(std::string_view text);

}  // namespace mqtk::mcap
