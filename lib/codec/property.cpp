#include "codec/property.hpp"

#include <algorithm>
#include <array>

namespace mqtk {
namespace {

constexpr std::uint16_t in(std::initializer_list<PropertyScope> scopes) {
  std::uint16_t set = 0;
  for (const PropertyScope scope : scopes) set = static_cast<std::uint16_t>(set | (1U << static_cast<unsigned>(scope)));
  return set;
}

using enum PropertyScope;
using enum PropertyType;

constexpr std::uint16_t message = in({publish, will});
constexpr std::uint16_t everywhere = 0x3FFF;
constexpr std::uint16_t explained =
    in({connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, PropertyScope::auth});

constexpr PropertyInfo table[] = {
    {PropertyId::payload_format_indicator, byte, "Payload Format Indicator", "payload_format_indicator", message},
    {PropertyId::message_expiry_interval, four_byte_integer, "Message Expiry Interval", "message_expiry_interval",
     message},
    {PropertyId::content_type, utf8_string, "Content Type", "content_type", message},
    {PropertyId::response_topic, utf8_string, "Response Topic", "response_topic", message},
    {PropertyId::correlation_data, binary, "Correlation Data", "correlation_data", message},
    {PropertyId::subscription_identifier, variable_byte_integer, "Subscription Identifier", "subscription_identifier",
     in({publish, subscribe})},
    {PropertyId::session_expiry_interval, four_byte_integer, "Session Expiry Interval", "session_expiry_interval",
     in({connect, connack, disconnect})},
    {PropertyId::assigned_client_identifier, utf8_string, "Assigned Client Identifier", "assigned_client_identifier",
     in({connack})},
    {PropertyId::server_keep_alive, two_byte_integer, "Server Keep Alive", "server_keep_alive", in({connack})},
    {PropertyId::authentication_method, utf8_string, "Authentication Method", "authentication_method",
     in({connect, connack, PropertyScope::auth})},
    {PropertyId::authentication_data, binary, "Authentication Data", "authentication_data",
     in({connect, connack, PropertyScope::auth})},
    {PropertyId::request_problem_information, byte, "Request Problem Information", "request_problem_information",
     in({connect})},
    {PropertyId::will_delay_interval, four_byte_integer, "Will Delay Interval", "will_delay_interval", in({will})},
    {PropertyId::request_response_information, byte, "Request Response Information", "request_response_information",
     in({connect})},
    {PropertyId::response_information, utf8_string, "Response Information", "response_information", in({connack})},
    {PropertyId::server_reference, utf8_string, "Server Reference", "server_reference", in({connack, disconnect})},
    {PropertyId::reason_string, utf8_string, "Reason String", "reason_string", explained},
    {PropertyId::receive_maximum, two_byte_integer, "Receive Maximum", "receive_maximum", in({connect, connack})},
    {PropertyId::topic_alias_maximum, two_byte_integer, "Topic Alias Maximum", "topic_alias_maximum",
     in({connect, connack})},
    {PropertyId::topic_alias, two_byte_integer, "Topic Alias", "topic_alias", in({publish})},
    {PropertyId::maximum_qos, byte, "Maximum QoS", "maximum_qos", in({connack})},
    {PropertyId::retain_available, byte, "Retain Available", "retain_available", in({connack})},
    {PropertyId::user_property, utf8_string_pair, "User Property", "user_property", everywhere},
    {PropertyId::maximum_packet_size, four_byte_integer, "Maximum Packet Size", "maximum_packet_size",
     in({connect, connack})},
    {PropertyId::wildcard_subscription_available, byte, "Wildcard Subscription Available",
     "wildcard_subscription_available", in({connack})},
    {PropertyId::subscription_identifier_available, byte, "Subscription Identifier Available",
     "subscription_identifier_available", in({connack})},
    {PropertyId::shared_subscription_available, byte, "Shared Subscription Available", "shared_subscription_available",
     in({connack})},
};

// Row of `table` for each identifier, 0xFF for none.
constexpr auto rows = [] {
  std::array<std::uint8_t, 64> index{};
  index.fill(0xFF);
  std::uint8_t row = 0;
  for (const PropertyInfo& info : table) index[static_cast<std::size_t>(info.id)] = row++;
  return index;
}();

std::uint32_t big_endian(const std::uint8_t* at, unsigned count) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 8U | at[i];
  return value;
}

std::string_view text_at(Bytes bytes, std::size_t at) {
  return as_text(bytes.subspan(at + 2, big_endian(bytes.data() + at, 2)));
}

}  // namespace

const PropertyInfo* find_property(std::uint32_t id) {
  if (id >= rows.size() || rows[id] == 0xFF) return nullptr;
  return &table[rows[id]];
}

const PropertyInfo* find_property(std::string_view snake_name) {
  for (const PropertyInfo& info : table) {
    if (info.snake_name == snake_name) return &info;
  }
  return nullptr;
}

std::span<const PropertyInfo> all_properties() { return table; }

void PropertyBlock::Iterator::read() {
  if (at_ >= bytes_.size()) {
    at_ = bytes_.size();
    return;
  }
  property_ = {};
  property_.offset = static_cast<std::uint32_t>(at_);
  property_.id = static_cast<PropertyId>(bytes_[at_]);
  std::size_t at = at_ + 1;
  switch (find_property(bytes_[at_])->type) {
    case byte: property_.number = bytes_[at++]; break;
    case two_byte_integer:
      property_.number = big_endian(bytes_.data() + at, 2);
      at += 2;
      break;
    case four_byte_integer:
      property_.number = big_endian(bytes_.data() + at, 4);
      at += 4;
      break;
    case variable_byte_integer:
      for (unsigned shift = 0;; shift += 7) {
        property_.number |= (bytes_[at] & 0x7FU) << shift;
        if ((bytes_[at++] & 0x80U) == 0) break;
      }
      break;
    case utf8_string_pair:
      property_.name = text_at(bytes_, at);
      at += 2 + property_.name.size();
      [[fallthrough]];
    case utf8_string:
    case binary:
      property_.text = text_at(bytes_, at);
      at += 2 + property_.text.size();
      break;
  }
  property_.length = static_cast<std::uint32_t>(at - at_);
}

std::optional<Property> PropertyBlock::search(PropertyId id) const {
  for (const Property& property : *this) {
    if (property.id == id) return property;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PropertyBlock::number(PropertyId id) const {
  if (bytes_.empty()) return std::nullopt;
  const auto property = find(id);
  if (!property) return std::nullopt;
  return property->number;
}

std::optional<std::string_view> PropertyBlock::text(PropertyId id) const {
  const auto property = find(id);
  if (!property) return std::nullopt;
  return property->text;
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::uint32_t number) {
  bytes_.push_back(static_cast<std::uint8_t>(id));
  switch (find_property(static_cast<std::uint32_t>(id))->type) {
    case four_byte_integer:
      bytes_.push_back(static_cast<std::uint8_t>(number >> 24U));
      bytes_.push_back(static_cast<std::uint8_t>(number >> 16U));
      [[fallthrough]];
    case two_byte_integer: bytes_.push_back(static_cast<std::uint8_t>(number >> 8U)); [[fallthrough]];
    case byte: bytes_.push_back(static_cast<std::uint8_t>(number)); break;
    case variable_byte_integer:
      for (; number > 0x7F; number >>= 7U) bytes_.push_back(static_cast<std::uint8_t>(number | 0x80U));
      bytes_.push_back(static_cast<std::uint8_t>(number));
      break;
    default: add_text({}); break;
  }
  return *this;
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::string_view text_or_binary) {
  bytes_.push_back(static_cast<std::uint8_t>(id));
  add_text(text_or_binary);
  return *this;
}

PropertyWriter& PropertyWriter::add_user_property(std::string_view name, std::string_view value) {
  bytes_.push_back(static_cast<std::uint8_t>(PropertyId::user_property));
  add_text(name);
  add_text(value);
  return *this;
}

PropertyWriter& PropertyWriter::add(const Property& property) {
  switch (find_property(static_cast<std::uint32_t>(property.id))->type) {
    case utf8_string:
    case binary: return add(property.id, property.text);
    case utf8_string_pair: return add_user_property(property.name, property.text);
    default: return add(property.id, property.number);
  }
}

void PropertyWriter::add_text(std::string_view text) {
  text = text.substr(0, 0xFFFF);
  bytes_.push_back(static_cast<std::uint8_t>(text.size() >> 8U));
  bytes_.push_back(static_cast<std::uint8_t>(text.size()));
  bytes_.insert(bytes_.end(), text.begin(), text.end());
}

}  // namespace mqtk
