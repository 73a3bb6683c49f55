// What breaks a rule and what keeps it: one example of each, for --explain.
#pragma once

#include <span>
#include <string_view>

#include "codec/rule.hpp"
#include "codec/types.hpp"

namespace mqtk::inspect {

// Of a rule that the bytes of one packet show; the packet as hex.
struct PacketExample {
  Version version;
  Role sender;
  std::string_view hex;
};

struct PacketExamples {
  Rule rule;
  PacketExample breaks;
  PacketExample keeps;
};

// Of a rule that the flow of a connection shows: what happens, one step after another, separated by "; ".
struct FlowExamples {
  Rule rule;
  std::string_view breaks;
  std::string_view keeps;
};

[[nodiscard]] std::span<const PacketExamples> packet_examples();
[[nodiscard]] std::span<const FlowExamples> flow_examples();

}  // namespace mqtk::inspect
