#include "codec/fault_text.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

TEST_CASE("a fault names packet, byte, what is wrong, the statement, the class and the Reason Code") {
  CHECK(fault_text({Rule::qos_reserved, 0}, PacketType::publish, Version::v5) ==
        "PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; Malformed Packet (0x81)");
  CHECK(fault_text({Rule::topic_alias_zero, 7}, PacketType::publish, Version::v5) ==
        "PUBLISH, byte 7: Topic Alias is 0 [MQTT-3.3.2-8]; Protocol Error, Topic Alias invalid (0x94)");
}

TEST_CASE("a rule without a numbered statement has no brackets") {
  CHECK(fault_text({Rule::packet_too_short, 3}, PacketType::puback, Version::v5) ==
        "PUBACK, byte 3: the packet ends inside a field; Malformed Packet (0x81)");
}

TEST_CASE("before 5.0 only a CONNECT has a code to answer with") {
  CHECK(fault_text({Rule::qos_reserved, 0}, PacketType::publish, Version::v3_1_1) ==
        "PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; Malformed Packet");
  CHECK(fault_text({Rule::protocol_version_unsupported, 8}, PacketType::connect, Version::v3_1_1) ==
        "CONNECT, byte 8: the Protocol Version is none of 3, 4 and 5 [MQTT-3.1.2-2]; Protocol Error, return code 1");
}
