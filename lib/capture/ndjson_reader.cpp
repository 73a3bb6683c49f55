// The reading side, and the one place in lib that knows the JSON library.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "capture/json_check.hpp"
#include "capture/mcap_mapping.hpp"
#include "capture/ndjson.hpp"

namespace mqtk {

namespace {

using Json = nlohmann::json;
using Done = std::expected<void, std::string>;

Done refuse(std::string_view member, std::string_view what) {
  return std::unexpected(fmt::format("\"{}\" is not {}", member, what));
}

std::expected<std::uint64_t, std::string> number(const std::string& member, const Json& value, std::uint64_t most) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
    return std::unexpected(fmt::format("\"{}\" is not a whole number from 0 to {}", member, most));
  }
  return value.get<std::uint64_t>();
}

template <class T>
Done take_number(const std::string& member, const Json& value, std::uint64_t most, std::optional<T>& target) {
  const auto taken = number(member, value, most);
  if (!taken) return std::unexpected(taken.error());
  target = static_cast<T>(*taken);
  return {};
}

Done take_flag(const std::string& member, const Json& value, std::optional<bool>& target) {
  if (!value.is_boolean()) return refuse(member, "true or false");
  target = value.get<bool>();
  return {};
}

Done take_time(const Json& value, std::optional<WallTime>& target) {
  if (value.is_null()) return {};
  const auto time = value.is_string() ? parse_rfc3339(value.get_ref<const std::string&>()) : std::nullopt;
  if (!time) return refuse("time", "a time such as 2026-11-20T23:56:54.123456789Z");
  target = *time;
  return {};
}

// A string for `key`, or base64 for `key`_base64.
std::expected<std::string, std::string> text_or_base64(const std::string& member, const Json& value) {
  if (!value.is_string()) return std::unexpected(fmt::format("\"{}\" is not a string", member));
  const auto& text = value.get_ref<const std::string&>();
  if (!member.ends_with("_base64")) return text;
  const auto bytes = from_base64(text);
  if (!bytes) return std::unexpected(fmt::format("\"{}\" is not base64", member));
  return std::string{as_text(*bytes)};
}

Done take_user_properties(const Json& list, PropertyWriter& properties) {
  constexpr std::string_view form = "a list of [\"name\",\"value\"]";
  if (!list.is_array()) return refuse("user_properties", form);
  for (const Json& pair : list) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      return refuse("user_properties", form);
    }
    properties.add_user_property(pair[0].get_ref<const std::string&>(), pair[1].get_ref<const std::string&>());
  }
  return {};
}

Done take_subscription_identifiers(const Json& list, PropertyWriter& properties) {
  if (!list.is_array()) return refuse("subscription_identifiers", "a list of numbers");
  for (const Json& item : list) {
    const auto identifier = number("subscription_identifiers", item, max_variable_byte_integer);
    if (!identifier) return std::unexpected(identifier.error());
    properties.add(PropertyId::subscription_identifier, static_cast<std::uint32_t>(*identifier));
  }
  return {};
}

std::uint64_t largest(PropertyType type) {
  switch (type) {
    case PropertyType::byte: return 255;
    case PropertyType::two_byte_integer: return 65'535;
    default: return 0xFFFF'FFFF;
  }
}

Done take_property(const std::string& member, const Json& value, PropertyWriter& properties) {
  if (member == "user_properties") return take_user_properties(value, properties);
  if (member == "subscription_identifiers") return take_subscription_identifiers(value, properties);
  const bool base64 = member == "correlation_data_base64";
  const PropertyInfo* info = find_property(base64 ? "correlation_data" : std::string_view{member});
  const bool listed =
      info != nullptr && (info->id == PropertyId::user_property || info->id == PropertyId::subscription_identifier);
  if (info == nullptr || listed || !info->allowed_in(PropertyScope::publish)) {
    return std::unexpected(fmt::format("unknown property \"{}\"", member));
  }
  if (info->type == PropertyType::utf8_string || info->type == PropertyType::binary) {
    const auto text = text_or_base64(member, value);
    if (!text) return std::unexpected(text.error());
    if (text->size() > 65'535) return refuse(member, "at most 65535 bytes long");
    properties.add(info->id, *text);
    return {};
  }
  const auto taken = number(member, value, largest(info->type));
  if (!taken) return std::unexpected(taken.error());
  properties.add(info->id, static_cast<std::uint32_t>(*taken));
  return {};
}

Done take_properties(const Json& object, PropertyWriter& properties) {
  if (!object.is_object()) return refuse("properties", "an object");
  for (const auto& [member, value] : object.items()) {
    if (auto taken = take_property(member, value, properties); !taken) return taken;
  }
  return {};
}

Done take_payload(const std::string& member, const Json& value, StoredMessage& message) {
  const auto text = text_or_base64(member, value);
  if (!text) return std::unexpected(text.error());
  message.payload.assign(text->begin(), text->end());
  return {};
}

Done take_client(const Json& value, std::string& client) {
  if (!value.is_string()) return refuse("client", "a string");
  client = value.get_ref<const std::string&>();
  return {};
}

Done take_topic(const Json& value, StoredMessage& message) {
  if (!value.is_string()) return refuse("topic", "a string");
  message.topic = value.get_ref<const std::string&>();
  return {};
}

Done take_member(const std::string& member, const Json& value, StoredMessage& message) {
  if (member == "time") return take_time(value, message.time);
  if (member == "topic") return take_topic(value, message);
  if (member == "qos") return take_number(member, value, 2, message.qos);
  if (member == "retain") return take_flag(member, value, message.retain);
  if (member == "dup") return take_flag(member, value, message.dup);
  if (member == "retained_at_subscribe") {
    std::optional<bool> flag;
    const Done taken = take_flag(member, value, flag);
    message.retained_at_subscribe = flag.value_or(false);
    return taken;
  }
  if (member == "packet_identifier") return take_number(member, value, 65'535, message.packet_identifier);
  if (member == "client") return take_client(value, message.client);
  if (member == "payload" || member == "payload_base64") return take_payload(member, value, message);
  if (member == "payload_json") return {};
  if (member == "properties") return take_properties(value, message.properties);
  return std::unexpected(fmt::format("unknown member \"{}\"", member));
}

}  // namespace

bool is_json(std::string_view text) { return Json::accept(text); }

std::expected<StoredMessage, std::string> parse_message_json(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return std::unexpected("not a JSON object on one line");
  StoredMessage message;
  for (const auto& [member, value] : object.items()) {
    if (auto taken = take_member(member, value, message); !taken) return std::unexpected(taken.error());
  }
  if (object.contains("payload") == object.contains("payload_base64")) {
    return std::unexpected("exactly one of \"payload\" and \"payload_base64\" is needed");
  }
  return message;
}

std::optional<mcap::Attributes> mcap::parse_attributes(std::string_view text) {
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  Attributes attributes;
  for (const auto& [member, value] : object.items()) {
    std::optional<bool> flag;
    Done taken;
    if (member == "dup" || member == "retained_at_subscribe") {
      taken = take_flag(member, value, flag);
      (member == "dup" ? attributes.dup : attributes.retained_at_subscribe) = flag.value_or(false);
    } else if (member == "client") {
      taken = take_client(value, attributes.client);
    } else if (member == "properties") {
      taken = take_properties(value, attributes.properties);
    }
    if (!taken) return std::nullopt;
  }
  return attributes;
}

}  // namespace mqtk
