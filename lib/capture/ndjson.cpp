#include "capture/ndjson.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"
#include "capture/json_check.hpp"
#include "capture/properties_json.hpp"

namespace mqtk {

namespace {

void append_payload_json(std::string& out, Bytes payload) {
  if (!is_json(as_text(payload))) return;
  out += ",\"payload_json\":";
  const std::size_t from = out.size();
  out += as_text(payload);
  // Strings in JSON hold no raw line breaks, so these stand between tokens.
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

}  // namespace

void append_message_json(std::string& out, const MessageRecord& message, PayloadJson payload_json) {
  out += "{\"time\":";
  if (message.time) {
    out += '"';
    out += rfc3339(*message.time);
    out += '"';
  } else {
    out += "null";
  }
  out += ",\"topic\":";
  append_json_string(out, message.topic);
  out += ",\"qos\":";
  out += static_cast<char>('0' + static_cast<int>(message.qos));
  out += message.retain ? ",\"retain\":true" : ",\"retain\":false";
  out += message.dup ? ",\"dup\":true" : ",\"dup\":false";
  if (message.retained_at_subscribe) out += ",\"retained_at_subscribe\":true";
  if (!message.client.empty()) {
    out += ",\"client\":";
    append_json_string(out, message.client);
  }
  if (message.qos != QoS::at_most_once && message.packet_identifier != 0) {
    out += ",\"packet_identifier\":";
    const fmt::format_int identifier{message.packet_identifier};
    out.append(identifier.data(), identifier.size());
  }
  out += ',';
  append_json_text_or_base64(out, "payload", message.payload);
  if (payload_json == PayloadJson::beside) append_payload_json(out, message.payload);
  if (!message.properties.empty()) {
    out += ",\"properties\":";
    append_properties_json(out, message.properties, Secrets::shown);
  }
  out += "}\n";
}

}  // namespace mqtk
