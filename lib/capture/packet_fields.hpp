// Fields of a packet by name, for filters and for tables. The properties of 5.0 are fields, too, but for
// Authentication Data, which is a secret, and those of the Will.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capture/flow_check.hpp"
#include "capture/packet_record.hpp"
#include "capture/properties_json.hpp"
#include "codec/property.hpp"

namespace mqtk {

enum class PacketField : std::uint8_t {
  index,
  time,
  stream,
  direction,
  offset,
  length,
  type,
  version,
  client,
  topic,
  filter,
  qos,
  retain,
  dup,
  packet_identifier,
  reason_code,
  reason_name,
  session_present,
  clean_start,
  keep_alive,
  user_name,
  will_topic,
  payload,
  payload_length,
  payload_hex,
  problems,
  rule,
  statement,
  first_property = 0x80,  // a property is this and its identifier
};

[[nodiscard]] constexpr PacketField field_of(PropertyId id) {
  return static_cast<PacketField>(static_cast<unsigned>(PacketField::first_property) + static_cast<unsigned>(id));
}
[[nodiscard]] std::optional<PropertyId> property_of(PacketField field);

struct PacketFieldInfo {
  PacketField field;
  std::string_view name;
  std::string_view text;  // for the manual; empty for properties, which stand last
};

[[nodiscard]] std::span<const PacketFieldInfo> all_packet_fields();
// Also by the name that a field has in JSON, where that is another one.
[[nodiscard]] std::optional<PacketField> find_packet_field(std::string_view name);
// Whether its values are numbers.
[[nodiscard]] bool is_number(PacketField field);

// Numbers are numbers; true and false are 1 and 0.
using FieldValue = std::variant<std::uint64_t, std::string_view>;

struct FieldSource {
  const PacketRecord& record;
  const FlowCheck* flow = nullptr;  // of the packet's connection, if it has one
};

// Calls `take` with each value that the packet has: none where it has no such field, several for lists. Views die with
// the call.
void for_each_value(PacketField field, const FieldSource& source, const std::function<void(FieldValue)>& take);

}  // namespace mqtk
