#include "capture/packet_encode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/base64.hpp"
#include "codec/packet.hpp"

namespace mqtk {
namespace {

using Json = nlohmann::json;

// Appends big-endian fields to the body of a packet.
class Body {
 public:
  void byte(std::uint64_t value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }
  void two_bytes(std::uint64_t value) {
    byte(value >> 8U);
    byte(value);
  }
  void four_bytes(std::uint64_t value) {
    two_bytes(value >> 16U);
    two_bytes(value);
  }
  void variable(std::uint64_t value) {
    do {
      byte((value & 0x7FU) | (value > 0x7F ? 0x80U : 0U));
      value >>= 7U;
    } while (value > 0);
  }
  void raw(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
  void text(std::string_view value) {
    two_bytes(value.size());
    raw(value);
  }
  void block(const Body& properties) {
    variable(properties.bytes_.size());
    bytes_.insert(bytes_.end(), properties.bytes_.begin(), properties.bytes_.end());
  }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

// The members of one object. The first thing that is wrong is kept, and what is read then does not matter.
class Members {
 public:
  Members(const Json& object, std::string path, std::string& error)
      : object_(object), path_(std::move(path)), error_(error) {
    if (!object_.is_object()) fail("", "not an object");
  }

  [[nodiscard]] bool has(const char* name) const { return object_.is_object() && object_.contains(name); }
  [[nodiscard]] const Json& operator[](const char* name) const {
    static const Json nothing;
    return has(name) ? object_.at(name) : nothing;
  }
  std::uint64_t number(const char* name, std::uint64_t most, std::optional<std::uint64_t> otherwise = {}) {
    return number_of(name, (*this)[name], most, otherwise);
  }
  std::uint64_t number_of(std::string_view name, const Json& value, std::uint64_t most,
                          std::optional<std::uint64_t> otherwise = {}) {
    if (value.is_null() && otherwise) return *otherwise;
    if (value.is_null()) return fail(name, "missing"), 0;
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
      return fail(name, fmt::format("not a whole number up to {}", most)), 0;
    }
    return value.get<std::uint64_t>();
  }
  bool boolean(const char* name) {
    const Json& value = (*this)[name];
    if (value.is_null()) return false;
    if (!value.is_boolean()) return fail(name, "neither true nor false"), false;
    return value.get<bool>();
  }
  // The bytes of NAME or of NAME_base64, of which there may be one; nothing if there is none.
  std::optional<std::string> bytes(const char* name, std::size_t most) {
    const std::string encoded_name = std::string{name} + "_base64";
    std::optional<std::string> found;
    if (has(encoded_name.c_str())) {
      found = decoded(encoded_name, (*this)[encoded_name.c_str()]);
    } else if (has(name)) {
      found = element(name, (*this)[name]);
    }
    if (found && found->size() > most) fail(name, fmt::format("more than {} bytes", most));
    return found;
  }
  std::string needed(const char* name) {
    auto found = bytes(name, max_text);
    if (!found) fail(name, "missing");
    return found.value_or("");
  }
  // "text" or {"base64":"..."}
  std::string element(std::string_view name, const Json& value) {
    if (value.is_object() && value.contains("base64")) return decoded(name, value.at("base64"));
    if (!value.is_string()) return fail(name, "not a string"), "";
    return value.get<std::string>();
  }
  std::string short_element(std::string_view name, const Json& value) {
    std::string found = element(name, value);
    if (found.size() > max_text) fail(name, fmt::format("more than {} bytes", max_text));
    return found;
  }
  // What inspect hides; the real bytes are not known.
  std::string secret(const char* name) {
    auto found = needed(name);
    if (has(name) && found == "***") {
      fail(name, "hidden; take it from 'inspect --json --show-secrets', or set it");
    }
    return found;
  }
  [[nodiscard]] const Json& list(const char* name) {
    static const Json none = Json::array();
    const Json& value = (*this)[name];
    if (value.is_array()) return value;
    fail(name, value.is_null() ? "missing" : "not a list");
    return none;
  }
  [[nodiscard]] Members in(const char* name) { return {(*this)[name], member(name), error_}; }
  [[nodiscard]] Members of(const Json& value, std::string_view name) { return {value, member(name), error_}; }
  void fail(std::string_view name, std::string_view what) {
    if (error_.empty()) error_ = fmt::format("{}: {}", member(name), what);
  }

  static constexpr std::size_t max_text = 65535;

 private:
  [[nodiscard]] std::string member(std::string_view name) const {
    if (name.empty()) return path_.empty() ? "the line" : path_;
    return path_.empty() ? std::string{name} : fmt::format("{}.{}", path_, name);
  }
  std::string decoded(std::string_view name, const Json& value) {
    const auto bytes = value.is_string() ? from_base64(value.get<std::string>()) : std::nullopt;
    if (!bytes) return fail(name, "not base64"), "";
    return {bytes->begin(), bytes->end()};
  }

  const Json& object_;
  std::string path_;
  std::string& error_;
};

void write_property(Body& body, Members& members, const PropertyInfo& info) {
  const std::string name{info.snake_name};
  body.byte(static_cast<std::uint64_t>(info.id));
  switch (info.type) {
    case PropertyType::byte: body.byte(members.number(name.c_str(), 0xFF)); break;
    case PropertyType::two_byte_integer: body.two_bytes(members.number(name.c_str(), 0xFFFF)); break;
    case PropertyType::four_byte_integer: body.four_bytes(members.number(name.c_str(), 0xFFFFFFFF)); break;
    case PropertyType::variable_byte_integer:
      body.variable(members.number(name.c_str(), max_variable_byte_integer));
      break;
    case PropertyType::utf8_string: body.text(members.needed(name.c_str())); break;
    case PropertyType::binary:
      body.text(info.id == PropertyId::authentication_data ? members.secret(name.c_str())
                                                           : members.needed(name.c_str()));
      break;
    case PropertyType::utf8_string_pair: break;
  }
}

void write_user_properties(Body& body, Members& members) {
  for (const Json& pair : members.list("user_properties")) {
    if (!pair.is_array() || pair.size() != 2) return members.fail("user_properties", "not a list of [name, value]");
    body.byte(static_cast<std::uint64_t>(PropertyId::user_property));
    body.text(members.short_element("user_properties", pair.at(0)));
    body.text(members.short_element("user_properties", pair.at(1)));
  }
}

void write_subscription_identifiers(Body& body, Members& members) {
  for (const Json& each : members.list("subscription_identifiers")) {
    body.byte(static_cast<std::uint64_t>(PropertyId::subscription_identifier));
    body.variable(members.number_of("subscription_identifiers", each, max_variable_byte_integer));
  }
}

// In the order of their identifiers: the members of a JSON object have none.
Body properties_of(Members& fields) {
  Body body;
  if (!fields.has("properties")) return body;
  Members members = fields.in("properties");
  const Json& object = fields["properties"];
  if (!object.is_object()) return body;
  for (const auto& [key, value] : object.items()) {
    const std::string_view name = std::string_view{key}.ends_with("_base64")
                                      ? std::string_view{key}.substr(0, key.size() - 7)
                                      : std::string_view{key};
    const bool is_list = name == "user_properties" || name == "subscription_identifiers";
    if (!is_list && find_property(name) == nullptr) members.fail(key, "no property has this name");
  }
  for (const PropertyInfo& info : all_properties()) {
    if (info.id == PropertyId::user_property) {
      if (members.has("user_properties")) write_user_properties(body, members);
    } else if (info.id == PropertyId::subscription_identifier) {
      if (members.has("subscription_identifiers")) write_subscription_identifiers(body, members);
    } else {
      const std::string name{info.snake_name};
      if (members.has(name.c_str()) || members.has((name + "_base64").c_str())) write_property(body, members, info);
    }
  }
  return body;
}

class PacketEncoder {
 public:
  PacketEncoder(PacketType type, Version version, Members fields)
      : type_(type), version_(version), fields_(std::move(fields)) {}

  // Without the fixed header; `flags` are the four low bits of its first byte.
  Body body(unsigned& flags);

 private:
  [[nodiscard]] bool v5() const { return version_ == Version::v5; }
  void connect();
  void connect_flags(bool has_will, Members& will);
  void will(Members& members);
  void connack();
  void publish(unsigned& flags);
  void acknowledgement();
  void subscribe();
  void unsubscribe();
  void reason_codes();
  void ending();
  void properties() {
    if (v5()) body_.block(properties_of(fields_));
  }

  PacketType type_;
  Version version_;
  Members fields_;
  Body body_;
};

Body PacketEncoder::body(unsigned& flags) {
  switch (type_) {
    case PacketType::connect: connect(); break;
    case PacketType::connack: connack(); break;
    case PacketType::publish: publish(flags); break;
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubcomp: acknowledgement(); break;
    case PacketType::pubrel:
      flags = 2;
      acknowledgement();
      break;
    case PacketType::subscribe:
      flags = 2;
      subscribe();
      break;
    case PacketType::unsubscribe:
      flags = 2;
      unsubscribe();
      break;
    case PacketType::suback:
    case PacketType::unsuback: reason_codes(); break;
    case PacketType::disconnect:
    case PacketType::auth: ending(); break;
    case PacketType::pingreq:
    case PacketType::pingresp: break;
  }
  return body_;
}

void PacketEncoder::connect() {
  const bool old_name = version_ == Version::v3_1;
  body_.text(fields_.has("protocol_name") || fields_.has("protocol_name_base64") ? fields_.needed("protocol_name")
             : old_name                                                          ? "MQIsdp"
                                                                                 : "MQTT");
  body_.byte(fields_.number("protocol_level", 0xFF, static_cast<unsigned>(version_)));
  const bool has_will = fields_.has("will");
  static const Json none = Json::object();
  Members will_members = has_will ? fields_.in("will") : fields_.of(none, "will");
  connect_flags(has_will, will_members);
  body_.two_bytes(fields_.number("keep_alive", 0xFFFF, 0));
  properties();
  body_.text(fields_.bytes("client_identifier", Members::max_text).value_or(""));
  if (has_will) will(will_members);
  if (fields_.has("user_name") || fields_.has("user_name_base64")) body_.text(fields_.needed("user_name"));
  if (fields_.has("password") || fields_.has("password_base64")) body_.text(fields_.secret("password"));
}

void PacketEncoder::connect_flags(bool has_will, Members& will) {
  std::uint64_t flags = fields_.boolean("clean_start") ? 2 : 0;
  if (has_will) flags |= 4U | will.number("qos", 3, 0) << 3U | (will.boolean("retain") ? 0x20U : 0U);
  if (fields_.has("password") || fields_.has("password_base64")) flags |= 0x40;
  if (fields_.has("user_name") || fields_.has("user_name_base64")) flags |= 0x80;
  body_.byte(flags);
}

void PacketEncoder::will(Members& members) {
  if (v5()) body_.block(properties_of(members));
  body_.text(members.needed("topic"));
  body_.text(members.bytes("payload", Members::max_text).value_or(""));
}

void PacketEncoder::connack() {
  body_.byte(fields_.boolean("session_present") ? 1 : 0);
  body_.byte(fields_.number("reason_code", 0xFF));
  properties();
}

void PacketEncoder::publish(unsigned& flags) {
  const std::uint64_t qos = fields_.number("qos", 3, 0);
  flags = static_cast<unsigned>(qos << 1U) | (fields_.boolean("dup") ? 8U : 0U) | (fields_.boolean("retain") ? 1U : 0U);
  body_.text(fields_.needed("topic_name"));
  if (qos > 0) body_.two_bytes(fields_.number("packet_identifier", 0xFFFF));
  properties();
  body_.raw(fields_.bytes("payload", max_packet_size).value_or(""));
}

// Reason Code and properties are left out where they say nothing, as most senders do.
void PacketEncoder::acknowledgement() {
  body_.two_bytes(fields_.number("packet_identifier", 0xFFFF));
  if (!v5()) return;
  const std::uint64_t code = fields_.number("reason_code", 0xFF, 0);
  const Body block = properties_of(fields_);
  if (code == 0 && block.bytes().empty()) return;
  body_.byte(code);
  if (!block.bytes().empty()) body_.block(block);
}

void PacketEncoder::subscribe() {
  body_.two_bytes(fields_.number("packet_identifier", 0xFFFF));
  properties();
  for (const Json& each : fields_.list("subscriptions")) {
    Members entry = fields_.of(each, "subscriptions");
    body_.text(entry.needed("topic_filter"));
    body_.byte(entry.number("qos", 3, 0) | (entry.boolean("no_local") ? 4U : 0U) |
               (entry.boolean("retain_as_published") ? 8U : 0U) | entry.number("retain_handling", 3, 0) << 4U);
  }
}

void PacketEncoder::unsubscribe() {
  body_.two_bytes(fields_.number("packet_identifier", 0xFFFF));
  properties();
  for (const Json& each : fields_.list("topic_filters")) {
    body_.text(fields_.short_element("topic_filters", each));
  }
}

void PacketEncoder::reason_codes() {
  body_.two_bytes(fields_.number("packet_identifier", 0xFFFF));
  properties();
  if (type_ == PacketType::unsuback && !v5()) return;
  for (const Json& each : fields_.list("reason_codes")) body_.byte(fields_.number_of("reason_codes", each, 0xFF));
}

void PacketEncoder::ending() {
  if (!v5()) return;
  const std::uint64_t code = fields_.number("reason_code", 0xFF, 0);
  const Body block = properties_of(fields_);
  if (code == 0 && block.bytes().empty()) return;
  body_.byte(code);
  if (!block.bytes().empty()) body_.block(block);
}

std::optional<PacketType> type_by_name(const std::string& name) {
  for (unsigned type = 1; type < 16; ++type) {
    if (packet_type_name(static_cast<PacketType>(type)) == name) return static_cast<PacketType>(type);
  }
  return std::nullopt;
}

void read_envelope(Members& line, EncodedPacket& packet) {
  const std::uint64_t version = line.number("protocol_version", 5, 5);
  if (version < 3) line.fail("protocol_version", "none of 3, 4 and 5");
  packet.version = static_cast<Version>(version);
  packet.stream = line.number("stream", std::numeric_limits<std::uint32_t>::max(), 1);
  const Json& direction = line["direction"];
  if (direction == "client_to_server") {
    packet.sender = Role::client;
  } else if (direction == "server_to_client") {
    packet.sender = Role::server;
  } else if (!direction.is_null()) {
    line.fail("direction", "neither client_to_server nor server_to_client");
  }
  const Json& time = line["time"];
  if (time.is_string()) packet.time = parse_rfc3339(time.get<std::string>());
  if (!time.is_null() && !packet.time) line.fail("time", "not a time as 2026-11-20T23:56:54.123456789Z");
}

std::expected<Json, std::string> parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t column = std::clamp<std::size_t>(error.byte, 1, text.size() + 1);
    return std::unexpected(fmt::format("column {}: not JSON{}", column, text.empty() ? ": the line is empty" : ""));
  } catch (const Json::exception& error) {
    return std::unexpected(std::string{"not JSON: "} + error.what());
  }
}

}  // namespace

std::expected<std::optional<EncodedPacket>, std::string> encode_packet_json(std::string_view text) {
  const auto json = parsed(text);
  if (!json) return std::unexpected(json.error());
  std::string error;
  Members line{*json, "", error};
  if (line.has("summary") && !line.has("type")) return std::nullopt;
  const std::string name = line["type"].is_string() ? line["type"].get<std::string>() : "";
  const auto type = type_by_name(name);
  if (!type) line.fail("type", name.empty() ? "missing" : "'" + name + "' is no type of packet");
  EncodedPacket packet;
  read_envelope(line, packet);
  if (!error.empty()) return std::unexpected(error);
  unsigned flags = 0;
  static const Json none = Json::object();
  const Body body =
      PacketEncoder{*type, packet.version, line.has("fields") ? line.in("fields") : line.of(none, "fields")}.body(
          flags);
  if (error.empty() && body.bytes().size() > max_variable_byte_integer) error = "a packet cannot be that long";
  if (!error.empty()) return std::unexpected(error);
  Body header;
  header.byte(static_cast<unsigned>(*type) << 4U | flags);
  header.variable(body.bytes().size());
  packet.bytes = header.bytes();
  packet.bytes.insert(packet.bytes.end(), body.bytes().begin(), body.bytes().end());
  return packet;
}

}  // namespace mqtk
