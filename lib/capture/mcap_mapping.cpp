#include "capture/mcap_mapping.hpp"

#include <array>

#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "capture/json_check.hpp"
#include "capture/properties_json.hpp"

namespace mqtk::mcap {
namespace {

// A look into a longer payload would cost more than it tells.
constexpr std::size_t longest_inspected_payload = 64U * 1024;

constexpr std::string_view key_qos = "mqtt.qos";
constexpr std::string_view key_retain = "mqtt.retain";
constexpr std::string_view key_payload_format = "mqtt.v5.payload_format_indicator";
constexpr std::string_view key_content_type = "mqtt.v5.content_type";
constexpr std::string_view key_response_topic = "mqtt.v5.response_topic";
constexpr std::string_view key_expiry = "mqtt.v5.message_expiry_interval";
constexpr std::string_view per_message = "per message";

bool lies_in_channel(PropertyId id) {
  return id == PropertyId::payload_format_indicator || id == PropertyId::content_type ||
         id == PropertyId::response_topic;
}

struct MediaType {
  std::string_view ending;
  std::string_view encoding;
};
constexpr std::array<MediaType, 7> media_types{{{"/json", "json"},
                                                {"+json", "json"},
                                                {"/cbor", "cbor"},
                                                {"+cbor", "cbor"},
                                                {"/msgpack", "msgpack"},
                                                {"/x-msgpack", "msgpack"},
                                                {"/protobuf", "protobuf"}}};

}  // namespace

void make_key(const MessageRecord& message, std::string& key) {
  const auto flags = static_cast<unsigned>(message.qos) | (message.retain ? 4U : 0U);
  key.assign(1, static_cast<char>(flags));
  key += message.topic;
  if (message.properties.empty()) return;
  for (const Property& property : message.properties) {
    if (property.id == PropertyId::message_expiry_interval) key[0] = static_cast<char>(key[0] | 8);
    if (!lies_in_channel(property.id)) continue;
    // U+0000 cannot stand in a topic or another text of MQTT, so nothing runs into the next part.
    key += '\0';
    key += static_cast<char>(property.id);
    if (property.id == PropertyId::payload_format_indicator) {
      key += static_cast<char>(property.number + 1);
    } else {
      key += property.text;
    }
  }
}

TopicChannel channel_of(const MessageRecord& message) {
  TopicChannel channel{
      .topic = std::string{message.topic}, .qos = message.qos, .retain = message.retain, .properties = {}};
  for (const Property& property : message.properties) {
    if (property.id == PropertyId::message_expiry_interval) channel.has_expiry = true;
    if (lies_in_channel(property.id)) channel.properties.add(property);
  }
  return channel;
}

Metadata channel_metadata(const TopicChannel& channel) {
  Metadata pairs;
  pairs.emplace_back(key_qos, std::to_string(static_cast<int>(channel.qos)));
  pairs.emplace_back(key_retain, channel.retain ? "true" : "false");
  const PropertyBlock properties = channel.properties.block();
  if (const auto format = properties.number(PropertyId::payload_format_indicator)) {
    pairs.emplace_back(key_payload_format, std::to_string(*format));
  }
  if (const auto type = properties.text(PropertyId::content_type)) pairs.emplace_back(key_content_type, *type);
  if (const auto topic = properties.text(PropertyId::response_topic)) pairs.emplace_back(key_response_topic, *topic);
  if (channel.has_expiry) pairs.emplace_back(key_expiry, per_message);
  return pairs;
}

std::string_view message_encoding(const MessageRecord& message) {
  if (const auto type = message.properties.text(PropertyId::content_type)) {
    const std::string_view essence = type->substr(0, type->find(';'));
    for (const MediaType& known : media_types) {
      if (essence.ends_with(known.ending)) return known.encoding;
    }
    return "raw";
  }
  const Bytes payload = message.payload;
  const bool opens = !payload.empty() && (payload[0] == '{' || payload[0] == '[');
  if (opens && payload.size() <= longest_inspected_payload && is_json(as_text(payload))) return "json";
  return "raw";
}

void take_metadata(TopicChannel& channel, std::string_view name, std::string_view value) {
  if (name == key_qos && value.size() == 1 && value[0] >= '0' && value[0] <= '2') {
    channel.qos = static_cast<QoS>(value[0] - '0');
  } else if (name == key_retain) {
    channel.retain = value == "true";
  } else if (name == key_payload_format && (value == "0" || value == "1")) {
    channel.properties.add(PropertyId::payload_format_indicator, static_cast<std::uint32_t>(value[0] - '0'));
  } else if ((name == key_content_type || name == key_response_topic) && is_mqtt_text(as_bytes(value))) {
    channel.properties.add(name == key_content_type ? PropertyId::content_type : PropertyId::response_topic, value);
  } else if (name == key_expiry) {
    channel.has_expiry = true;
  }
}

bool has_attributes(const MessageRecord& message) {
  if (message.dup || message.retained_at_subscribe || !message.client.empty()) return true;
  for (const Property& property : message.properties) {
    if (!lies_in_channel(property.id)) return true;
  }
  return false;
}

void append_attributes(std::string& out, const MessageRecord& message) {
  out += '{';
  if (message.dup) out += "\"dup\":true,";
  if (message.retained_at_subscribe) out += "\"retained_at_subscribe\":true,";
  if (!message.client.empty()) {
    out += "\"client\":";
    append_json_string(out, message.client);
    out += ',';
  }
  PropertyWriter properties;
  for (const Property& property : message.properties) {
    if (!lies_in_channel(property.id)) properties.add(property);
  }
  if (!properties.empty()) {
    out += "\"properties\":";
    append_properties_json(out, properties.block(), Secrets::shown);
    out += ',';
  }
  if (out.back() == ',') {
    out.back() = '}';
  } else {
    out += '}';
  }
}

}  // namespace mqtk::mcap
