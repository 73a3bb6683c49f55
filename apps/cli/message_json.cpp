#include "cli/message_json.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "base/base64.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "capture/json_check.hpp"

namespace mqtk::cli {
namespace {

// 2026-11-20T23:56:54.123456+0100
void append_local_time(std::string& out, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t since_1970 = seconds.time_since_epoch().count();
  std::tm parts{};
  localtime_r(&since_1970, &parts);
  std::array<char, 64> text{};
  out.append(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts));
  out += fmt::format(".{:06}", std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count());
  out.append(text.data(), std::strftime(text.data(), text.size(), "%z", &parts));
}

void append_text_member(std::string& out, std::string_view key, std::string_view value) {
  out += '"';
  out += key;
  if (!is_mqtt_text(as_bytes(value))) {
    out += "_base64\":\"" + to_base64(as_bytes(value)) + '"';
    return;
  }
  out += "\":";
  append_json_string(out, value);
}

void append_user_properties(std::string& out, PropertyBlock properties) {
  out += "\"user-properties\":{";
  bool first = true;
  for (const Property& property : properties) {
    if (property.id != PropertyId::user_property) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, property.name);
    out += ':';
    append_json_string(out, property.text);
  }
  out += '}';
}

void append_properties(std::string& out, PropertyBlock properties) {
  out += ",\"properties\":{";
  bool first = true;
  bool user_properties_done = false;
  for (const Property& property : properties) {
    const bool is_user_property = property.id == PropertyId::user_property;
    if (is_user_property && user_properties_done) continue;
    if (!first) out += ',';
    first = false;
    const PropertyInfo* info = find_property(static_cast<std::uint32_t>(property.id));
    std::string name{info->snake_name};
    for (char& c : name) c = c == '_' ? '-' : c;
    if (is_user_property) {
      user_properties_done = true;
      append_user_properties(out, properties);
    } else if (info->type == PropertyType::utf8_string || info->type == PropertyType::binary) {
      append_text_member(out, name, property.text);
    } else {
      out += fmt::format("\"{}\":{}", name, property.number);
    }
  }
  out += '}';
}

}  // namespace

bool append_mosquitto_json(std::string& out, const Publish& message, WallTime received_at, JsonPayload payload) {
  const std::string_view text = as_text(message.payload);
  if (payload == JsonPayload::parsed && !text.empty() && !is_json(text)) return false;
  out += "{\"tst\":\"";
  append_local_time(out, received_at);
  out += "\",\"topic\":";
  append_json_string(out, message.topic_name);
  out += fmt::format(",\"qos\":{},\"retain\":{},\"payloadlen\":{}", static_cast<unsigned>(message.qos),
                     message.retain ? 1 : 0, text.size());
  if (message.qos != QoS::at_most_once) out += fmt::format(",\"mid\":{}", message.packet_identifier);
  if (!message.properties.empty()) append_properties(out, message.properties);
  out += ',';
  if (text.empty()) {
    out += "\"payload\":null";
  } else if (payload == JsonPayload::parsed) {
    out += "\"payload\":";
    // Line breaks stand between the tokens of JSON; the message stays on one line.
    for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  } else {
    append_text_member(out, "payload", text);
  }
  out += '}';
  return true;
}

}  // namespace mqtk::cli
