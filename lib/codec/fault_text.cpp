#include "codec/fault_text.hpp"

#include <fmt/format.h>

namespace mqtk {
namespace {

std::string_view class_text(RuleClass rule_class) {
  switch (rule_class) {
    case RuleClass::malformed_packet: return "Malformed Packet";
    case RuleClass::protocol_error: return "Protocol Error";
    case RuleClass::advice: return "advice";
  }
  return "";
}

// Class and code, without saying twice what is the same: "Malformed Packet (0x81)", "Protocol Error, Topic Alias
// invalid (0x94)".
std::string verdict(const RuleInfo& info, PacketType packet, Version version) {
  const std::string_view kind = class_text(info.rule_class);
  if (info.reason_code == ReasonCode::success) return std::string{kind};
  if (version != Version::v5) {
    const std::uint8_t code = packet == PacketType::connect ? connack_return_code(info.reason_code) : 255;
    return code == 255 ? std::string{kind} : fmt::format("{}, return code {}", kind, code);
  }
  const bool same = info.reason_code == ReasonCode::malformed_packet || info.reason_code == ReasonCode::protocol_error;
  const std::string_view name = reason_name(info.reason_code, packet);
  const auto number = static_cast<unsigned>(info.reason_code);
  return same ? fmt::format("{} (0x{:02X})", kind, number) : fmt::format("{}, {} (0x{:02X})", kind, name, number);
}

}  // namespace

std::string fault_text(Fault fault, PacketType packet, Version version) {
  const RuleInfo& info = rule_info(fault.rule);
  const std::string_view id = statement(fault.rule, version);
  const std::string bracketed = id.empty() ? std::string{} : fmt::format(" [{}]", id);
  return fmt::format("{}, byte {}: {}{}; {}", packet_type_name(packet), fault.offset, info.text, bracketed,
                     verdict(info, packet, version));
}

}  // namespace mqtk
