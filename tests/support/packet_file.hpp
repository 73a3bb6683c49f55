// The hand-written packets of tests/data/packets; its README.md describes the format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/rule.hpp"
#include "codec/types.hpp"

namespace mqtk {

struct PacketFile {
  std::string name;  // without folder and .hex
  Version version = Version::v5;
  Role sender = Role::unknown;
  std::optional<Rule> rule;  // malformed packets
  std::optional<std::uint32_t> offset;
  std::string statement;
  bool reencodes = true;  // encoding the decoded packet gives these bytes again
  std::vector<std::uint8_t> bytes;
};

// Throws std::runtime_error that names the line if the text is not of the format.
[[nodiscard]] PacketFile parse_packet_file(std::string name, std::string_view text);

// Every .hex file of `folder`, sorted by name. Throws if one is unreadable.
[[nodiscard]] std::vector<PacketFile> load_packet_files(const std::filesystem::path& folder);

}  // namespace mqtk
