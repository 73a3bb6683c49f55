// One Control Packet with all that the views tell of it: where it stood, who sent it, what it holds, what is wrong.
//
// A record owns nothing. It dies with the bytes and the notes that it points at.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/annotation.hpp"
#include "codec/packet.hpp"

namespace mqtk {

struct PacketRecord {
  std::uint64_t index = 0;   // counts packets from 0
  std::uint64_t offset = 0;  // of the first byte in its stream
  std::uint64_t stream = 1;
  std::optional<WallTime> time;
  Role sender = Role::unknown;
  Version version = Version::v5;
  PacketType type{};                        // also where `packet` could not be told apart from noise
  Bytes bytes;                              // the whole packet, or what there is of it
  std::uint32_t missing_bytes = 0;          // the input ended inside the packet
  bool left_out = false;                    // the missing bytes were there: the packet is too long to be kept
  const Packet* packet = nullptr;           // fields as decoded; never null when shown
  bool decoded = true;                      // read to its end; else `annotations` tell which fields were read
  std::span<const Annotation> annotations;  // may be left empty for a packet without problems
  std::span<const Problem> problems;
  std::string_view alias_topic;  // of a PUBLISH that names its topic by an alias only, where that is known
};

}  // namespace mqtk
