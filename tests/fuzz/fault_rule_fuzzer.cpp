// Fault rules as people write them, and what they make of packets from outside.
//
// The input is a rule, a line feed, and one packet.
#include <algorithm>
#include <cstdlib>

#include "broker/fault_answer.hpp"
#include "broker/fault_rules.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::size_t line_end = std::min(input.find('\n'), size);
  const auto rule = parse_fault_rule(input.substr(0, line_end));
  if (!rule) {
    if (rule.error().empty() || rule.error().find('\n') != std::string::npos) std::abort();
    return 0;
  }
  // What was accepted once is accepted again, and means the same.
  const auto again = parse_fault_rule(rule->text);
  if (!again || again->kind != rule->kind || again->client != rule->client || again->after != rule->after) std::abort();

  FaultRules rules;
  rules.add(*rule);
  const Bytes bytes = as_bytes(input.substr(std::min(line_end + 1, size)));
  const Frame frame = find_frame(bytes);
  if (frame.state != Frame::State::complete) return 0;
  Packet packet;
  if (decode(bytes.first(frame.packet_size), {Version::v5, Role::unknown}, packet)) packet = {};
  for (const PacketDirection direction : {PacketDirection::to_broker, PacketDirection::to_client}) {
    if (rules.strike("client-1", packet, frame.type, direction) == nullptr) continue;
    static_cast<void>(raw_answer(packet, Version::v5, rule->reason_code));
    static_cast<void>(raw_answer(packet, Version::v3_1_1, rule->reason_code));
    static_cast<void>(with_receive_maximum(packet, Version::v5, 7));
  }
  return 0;
}
