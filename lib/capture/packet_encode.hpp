// One Control Packet as JSON, as append_packet_json() writes it, back to its bytes.
//
// What the JSON says is what comes out, whether the specification allows it or not: a report of a broken packet is
// edited and sent again. Only what no packet can hold is refused.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/types.hpp"

namespace mqtk {

struct EncodedPacket {
  std::vector<std::uint8_t> bytes;
  Version version = Version::v5;
  Role sender = Role::unknown;
  std::uint64_t stream = 1;
  std::optional<WallTime> time;
};

// What is wrong with the text, and where: "column 17: ...", "fields.topic_name: missing". Nothing for an object that is
// no packet but the summary behind all packets.
[[nodiscard]] std::expected<std::optional<EncodedPacket>, std::string> encode_packet_json(std::string_view text);

}  // namespace mqtk
