#include "codec/types.hpp"

#include <array>

namespace mqtk {

std::string_view version_text(Version version) {
  switch (version) {
    case Version::v3_1: return "3.1";
    case Version::v3_1_1: return "3.1.1";
    case Version::v5: return "5.0";
  }
  return "unknown";
}

std::string_view packet_type_name(PacketType type) {
  static constexpr std::array<std::string_view, 16> names = {
      "RESERVED",  "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
      "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  const auto index = static_cast<std::size_t>(type);
  return index < names.size() ? names[index] : names[0];
}

}  // namespace mqtk
