#include "cli/payload_decoding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.hpp"
#include "cli/json_view.hpp"
#include "payload/cbor.hpp"
#include "payload/message_pack.hpp"
#include "payload/sparkplug.hpp"

namespace mqtk::cli {
namespace {

// Without parameters such as "; charset=utf-8".
std::string media_type(const Publish& message) {
  const std::string_view type = message.properties.text(PropertyId::content_type).value_or("");
  std::string lower{type.substr(0, type.find_first_of("; "))};
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string undecoded(Bytes payload, std::string_view format, std::string_view why) {
  return fmt::format("{} (no {}: {})", to_hex(payload), format, why);
}

std::string laid_out(const std::expected<std::string, PayloadFault>& json, Bytes payload, std::string_view format) {
  if (!json) return undecoded(payload, format, json.error().text());
  return json_indented(*json).value_or(*json);
}

}  // namespace

std::string PayloadDecoder::pretty(const Publish& message) {
  const std::string type = media_type(message);
  if (type == "application/cbor" || type.ends_with("+cbor")) {
    return laid_out(cbor_text(message.payload, Notation::json), message.payload, "CBOR");
  }
  if (type == "application/msgpack" || type == "application/x-msgpack" || type == "application/vnd.msgpack") {
    return laid_out(message_pack_text(message.payload, Notation::json), message.payload, "MessagePack");
  }
  if (is_sparkplug_topic(message.topic_name) && !message.payload.empty()) {
    const SparkplugReading reading = sparkplug_.take({.topic = message.topic_name,
                                                      .payload = message.payload,
                                                      .qos = static_cast<unsigned>(message.qos),
                                                      .retain = message.retain,
                                                      .is_delivery = true});
    if (reading.json.empty()) return undecoded(message.payload, "Sparkplug B", reading.error);
    return json_indented(reading.json).value_or(reading.json);
  }
  if (auto indented = json_indented(as_text(message.payload))) return std::move(*indented);
  return std::string{as_text(message.payload)};
}

}  // namespace mqtk::cli
