// Fields of a packet by name, for filters and for tables.
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
  content_type,
  response_topic,
  topic_alias,
  problems,
  rule,
  statement,
};

struct PacketFieldInfo {
  PacketField field;
  std::string_view name;
  std::string_view text;  // for the manual
};

[[nodiscard]] std::span<const PacketFieldInfo> all_packet_fields();
[[nodiscard]] std::optional<PacketField> find_packet_field(std::string_view name);

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
