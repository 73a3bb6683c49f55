#include "capture/packet_fields.hpp"

#include <algorithm>
#include <array>

#include "base/hex.hpp"
#include "codec/reason_code.hpp"
#include "codec/rule.hpp"

namespace mqtk {
namespace {

constexpr std::array<PacketFieldInfo, 28> infos = {{
    {PacketField::index, "index", "number of the packet, from 0"},
    {PacketField::time, "time", "when it was captured"},
    {PacketField::stream, "stream", "number of the connection, from 1"},
    {PacketField::direction, "direction", "C>S or S>C"},
    {PacketField::offset, "offset", "of its first byte in the stream"},
    {PacketField::length, "length", "in bytes"},
    {PacketField::type, "type", "CONNECT to AUTH"},
    {PacketField::version, "version", "3, 4 (3.1.1) or 5"},
    {PacketField::client, "client", "Client Identifier of the connection"},
    {PacketField::topic, "topic", "Topic Name, aliases resolved"},
    {PacketField::filter, "filter", "Topic Filters of SUBSCRIBE and UNSUBSCRIBE"},
    {PacketField::qos, "qos", "0, 1 or 2; of SUBSCRIBE, those asked for"},
    {PacketField::retain, "retain", "0 or 1"},
    {PacketField::dup, "dup", "0 or 1"},
    {PacketField::packet_identifier, "id", "Packet Identifier"},
    {PacketField::reason_code, "reason_code", "Reason Codes or return codes, as numbers"},
    {PacketField::reason_name, "reason_name", "what they mean"},
    {PacketField::session_present, "session_present", "0 or 1"},
    {PacketField::clean_start, "clean_start", "0 or 1; Clean Session before 5.0"},
    {PacketField::keep_alive, "keep_alive", "of CONNECT, in seconds"},
    {PacketField::user_name, "user_name", "of CONNECT"},
    {PacketField::will_topic, "will_topic", "of CONNECT"},
    {PacketField::payload, "payload", "of PUBLISH, as text"},
    {PacketField::payload_length, "payload_length", "of PUBLISH, in bytes"},
    {PacketField::payload_hex, "payload_hex", "of PUBLISH"},
    {PacketField::problems, "problems", "how many rules the packet breaks"},
    {PacketField::rule, "rule", "names of those rules"},
    {PacketField::statement, "statement", "their numbers in the specification"},
}};

// Names in JSON that are not those of the table.
constexpr std::pair<std::string_view, PacketField> json_names[] = {
    {"protocol_version", PacketField::version},
    {"client_identifier", PacketField::client},
    {"topic_name", PacketField::topic},
    {"packet_identifier", PacketField::packet_identifier},
    {"subscription_identifiers", field_of(PropertyId::subscription_identifier)},
    {"user_properties", field_of(PropertyId::user_property)},
};

bool is_field(const PropertyInfo& info) {
  return info.id != PropertyId::authentication_data && info.id != PropertyId::will_delay_interval;
}

std::vector<PacketFieldInfo> with_properties() {
  std::vector<PacketFieldInfo> all{infos.begin(), infos.end()};
  for (const PropertyInfo& info : all_properties()) {
    if (is_field(info)) all.push_back({field_of(info.id), info.snake_name, ""});
  }
  return all;
}

template <class P>
const P* packet_as(const FieldSource& source) {
  return source.record.packet == nullptr ? nullptr : std::get_if<P>(source.record.packet);
}

using Take = std::function<void(FieldValue)>;

void take_text(std::optional<std::string_view> text, const Take& take) {
  if (text) take(*text);
}

void take_property(const Property& property, const Take& take) {
  switch (find_property(static_cast<std::uint32_t>(property.id))->type) {
    case PropertyType::utf8_string:
    case PropertyType::binary: take(property.text); break;
    case PropertyType::utf8_string_pair:
      take(std::string_view{std::string{property.name}.append("=").append(property.text)});
      break;
    default: take(std::uint64_t{property.number});
  }
}

void properties_of(PropertyId id, const FieldSource& source, const Take& take) {
  if (source.record.packet == nullptr) return;
  std::visit(
      [&](const auto& packet) {
        if constexpr (requires { packet.properties; }) {
          for (const Property& property : packet.properties) {
            if (property.id == id) take_property(property, take);
          }
        }
      },
      *source.record.packet);
}

void publish_value(PacketField field, const FieldSource& source, const Take& take) {
  const auto* publish = packet_as<Publish>(source);
  if (publish == nullptr) return;
  switch (field) {
    case PacketField::topic: take(publish->topic_name.empty() ? source.record.alias_topic : publish->topic_name); break;
    case PacketField::retain: take(std::uint64_t{publish->retain}); break;
    case PacketField::dup: take(std::uint64_t{publish->dup}); break;
    case PacketField::payload: take(as_text(publish->payload)); break;
    case PacketField::payload_length: take(std::uint64_t{publish->payload.size()}); break;
    case PacketField::payload_hex: take(std::string_view{to_hex(publish->payload)}); break;
    default: break;
  }
}

void connect_value(PacketField field, const FieldSource& source, const Take& take) {
  const auto* connect = packet_as<Connect>(source);
  if (connect == nullptr) return;
  switch (field) {
    case PacketField::clean_start: take(std::uint64_t{connect->clean_start}); break;
    case PacketField::keep_alive: take(std::uint64_t{connect->keep_alive}); break;
    case PacketField::user_name: take_text(connect->user_name, take); break;
    case PacketField::will_topic:
      if (connect->will) take(connect->will->topic);
      break;
    default: break;
  }
}

void filters(const FieldSource& source, const Take& take) {
  if (const auto* subscribe = packet_as<Subscribe>(source)) {
    for (const Subscription& each : subscribe->subscriptions) take(each.topic_filter);
  }
  if (const auto* unsubscribe = packet_as<Unsubscribe>(source)) {
    for (const std::string_view each : unsubscribe->topic_filters) take(each);
  }
}

void qos(const FieldSource& source, const Take& take) {
  if (const auto* publish = packet_as<Publish>(source)) take(static_cast<std::uint64_t>(publish->qos));
  if (const auto* subscribe = packet_as<Subscribe>(source)) {
    for (const Subscription& each : subscribe->subscriptions) take(static_cast<std::uint64_t>(each.qos));
  }
}

void packet_identifier(const FieldSource& source, const Take& take) {
  if (source.record.packet == nullptr) return;
  std::visit(
      [&](const auto& packet) {
        if constexpr (requires { packet.packet_identifier; }) {
          if (packet.packet_identifier != 0) take(std::uint64_t{packet.packet_identifier});
        }
      },
      *source.record.packet);
}

void reasons(PacketField field, const FieldSource& source, const Take& take) {
  if (source.record.packet == nullptr) return;
  const auto one = [&](ReasonCode code) {
    if (field == PacketField::reason_code) {
      take(static_cast<std::uint64_t>(code));
    } else {
      take(code_meaning(code, source.record.type, source.record.version));
    }
  };
  const bool has_code = source.record.version == Version::v5 || source.record.type == PacketType::connack;
  std::visit(
      [&](const auto& packet) {
        if constexpr (requires { packet.reason_code; }) {
          if (has_code) one(packet.reason_code);
        } else if constexpr (requires { packet.reason_codes; }) {
          for (const std::uint8_t code : packet.reason_codes) one(static_cast<ReasonCode>(code));
        }
      },
      *source.record.packet);
}

void problems(PacketField field, const FieldSource& source, const Take& take) {
  if (field == PacketField::problems) {
    take(std::uint64_t{source.record.problems.size() + (source.record.missing_bytes > 0 ? 1U : 0U)});
    return;
  }
  for (const Problem& problem : source.record.problems) {
    if (field == PacketField::rule) {
      take(rule_info(problem.fault.rule).name);
    } else if (const auto id = statement(problem.fault.rule, source.record.version); !id.empty()) {
      take(id);
    }
  }
}

// Where the packet stood. False if the field is none of these.
bool place_value(PacketField field, const FieldSource& source, const Take& take) {
  const PacketRecord& record = source.record;
  switch (field) {
    case PacketField::index: take(record.index); return true;
    case PacketField::time:
      if (record.time) take(std::string_view{rfc3339(*record.time)});
      return true;
    case PacketField::stream: take(record.stream); return true;
    case PacketField::direction:
      if (record.sender != Role::unknown) take(std::string_view{record.sender == Role::client ? "C>S" : "S>C"});
      return true;
    case PacketField::offset: take(record.offset); return true;
    case PacketField::length: take(std::uint64_t{record.bytes.size()}); return true;
    case PacketField::type: take(packet_type_name(record.type)); return true;
    case PacketField::version: take(static_cast<std::uint64_t>(record.version)); return true;
    case PacketField::client:
      if (source.flow != nullptr && source.flow->connect_seen()) {
        take(std::string_view{source.flow->client_identifier()});
      } else if (const auto* connect = packet_as<Connect>(source)) {
        take(connect->client_identifier);
      }
      return true;
    default: return false;
  }
}

}  // namespace

std::optional<PropertyId> property_of(PacketField field) {
  if (field < PacketField::first_property) return std::nullopt;
  return static_cast<PropertyId>(static_cast<unsigned>(field) - static_cast<unsigned>(PacketField::first_property));
}

std::span<const PacketFieldInfo> all_packet_fields() {
  static const std::vector<PacketFieldInfo> all = with_properties();
  return all;
}

std::optional<PacketField> find_packet_field(std::string_view name) {
  const auto fields = all_packet_fields();
  const auto found = std::ranges::find(fields, name, &PacketFieldInfo::name);
  if (found != fields.end()) return found->field;
  const auto* other = std::ranges::find(json_names, name, [](const auto& entry) { return entry.first; });
  return other == std::end(json_names) ? std::nullopt : std::optional{other->second};
}

bool is_number(PacketField field) {
  if (const auto id = property_of(field)) {
    const PropertyType type = find_property(static_cast<std::uint32_t>(*id))->type;
    return type != PropertyType::utf8_string && type != PropertyType::binary && type != PropertyType::utf8_string_pair;
  }
  switch (field) {
    case PacketField::index:
    case PacketField::stream:
    case PacketField::offset:
    case PacketField::length:
    case PacketField::version:
    case PacketField::qos:
    case PacketField::retain:
    case PacketField::dup:
    case PacketField::packet_identifier:
    case PacketField::reason_code:
    case PacketField::session_present:
    case PacketField::clean_start:
    case PacketField::keep_alive:
    case PacketField::payload_length:
    case PacketField::problems: return true;
    default: return false;
  }
}

void for_each_value(PacketField field, const FieldSource& source, const Take& take) {
  if (place_value(field, source, take)) return;
  if (const auto id = property_of(field)) return properties_of(*id, source, take);
  switch (field) {
    case PacketField::filter: filters(source, take); break;
    case PacketField::qos: qos(source, take); break;
    case PacketField::packet_identifier: packet_identifier(source, take); break;
    case PacketField::reason_code:
    case PacketField::reason_name: reasons(field, source, take); break;
    case PacketField::session_present:
      if (const auto* connack = packet_as<Connack>(source)) take(std::uint64_t{connack->session_present});
      break;
    case PacketField::clean_start:
    case PacketField::keep_alive:
    case PacketField::user_name:
    case PacketField::will_topic: connect_value(field, source, take); break;
    case PacketField::problems:
    case PacketField::rule:
    case PacketField::statement: problems(field, source, take); break;
    default: publish_value(field, source, take);
  }
}

}  // namespace mqtk
