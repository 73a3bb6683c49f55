#include "capture/sn_message.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "capture/sn_view.hpp"

using namespace mqtk;

namespace {

// Messages back to back, as lines; topic ids are followed.
std::string lines(std::string_view hex) {
  const std::vector<std::uint8_t> bytes = *from_hex(hex);
  Bytes rest = bytes;
  SnTopics topics;
  std::string out;
  while (!rest.empty()) {
    const SnMessage message = read_sn(rest);
    rest = rest.subspan(message.bytes.size());
    topics.learn(message);
    const std::string topic = topics.topic_of(message);
    append_sn_line(out, {0, 1, {}, message.sender, &message, topic});
  }
  return out;
}

}  // namespace

TEST_CASE("each message of MQTT-SN 1.2 has its fields") {
  CHECK(lines("05 00 01 0384") == "     5  G>C  ADVERTISE  GwId 1, Duration 900\n");
  CHECK(lines("03 01 00") == "     3  C>G  SEARCHGW  Radius 0\n");
  CHECK(lines("07 02 01 0a000001") == "     7       GWINFO  GwId 1, GwAdd 0a 00 00 01\n");
  CHECK(lines("0d 04 0c 01 003c 636c69656e7431") ==
        "    13  C>G  CONNECT  will, clean session, ProtocolId 1, Duration 60, ClientId \"client1\"\n");
  CHECK(lines("03 05 01") == "     3  G>C  CONNACK  ReturnCode 1 rejected: congestion\n");
  CHECK(lines("02 06 02 08") == "     2  G>C  WILLTOPICREQ\n     2  G>C  WILLMSGREQ\n");
  CHECK(lines("07 07 30 77696c6c 02 07") ==
        "     7  C>G  WILLTOPIC  QoS 1, retain, WillTopic \"will\"\n     2  C>G  WILLTOPIC\n");
  CHECK(lines("04 09 6279") == "     4  C>G  WILLMSG  WillMsg \"by\"\n");
  CHECK(lines("08 12 20 0003 612f2b") == "     8  C>G  SUBSCRIBE  QoS 1, MsgId 3, TopicName \"a/+\"\n");
  CHECK(lines("07 12 21 0003 0009") == "     7  C>G  SUBSCRIBE  QoS 1, predefined id, MsgId 3, TopicId 9\n");
  CHECK(lines("08 13 20 0000 0003 00") == "     8  G>C  SUBACK  QoS 1, TopicId 0, MsgId 3, ReturnCode 0 accepted\n");
  CHECK(lines("04 0f 0002 04 10 0002 04 0e 0002") ==
        "     4       PUBREC  MsgId 2\n     4       PUBREL  MsgId 2\n     4       PUBCOMP  MsgId 2\n");
  CHECK(lines("04 18 0e10 02 18") == "     4       DISCONNECT  Duration 3600\n     2       DISCONNECT\n");
  CHECK(lines("09 16 636c69656e7431 02 17") == "     9       PINGREQ  ClientId \"client1\"\n     2       PINGRESP\n");
}

TEST_CASE("topic ids have the names that REGISTER and SUBSCRIBE gave them") {
  CHECK(lines("09 0a 0000 0001 612f62 07 0b 0007 0001 00 09 0c 20 0007 0002 6869") ==
        "     9       REGISTER  TopicId 0, MsgId 1, TopicName \"a/b\"\n"
        "     7       REGACK  TopicId 7, MsgId 1, ReturnCode 0 accepted\n"
        "     9       PUBLISH  QoS 1, TopicId 7 \"a/b\", MsgId 2, Data \"hi\"\n");
  CHECK(lines("06 12 00 0003 78 08 13 00 0005 0003 00 09 0c 00 0005 0000 6869") ==
        "     6  C>G  SUBSCRIBE  QoS 0, MsgId 3, TopicName \"x\"\n"
        "     8  G>C  SUBACK  QoS 0, TopicId 5, MsgId 3, ReturnCode 0 accepted\n"
        "     9       PUBLISH  QoS 0, TopicId 5 \"x\", MsgId 0, Data \"hi\"\n");
  CHECK(lines("09 0c 62 6162 0000 6869") == "     9       PUBLISH  QoS -1, short name, \"ab\", MsgId 0, Data \"hi\"\n");
}

TEST_CASE("a Length of three octets and a forwarded message are read") {
  std::string hex = "01 0104 0c 00 0001 0000";
  for (int i = 0; i < 251; ++i) hex += "41";
  CHECK(lines(hex).starts_with("   260       PUBLISH  QoS 0, TopicId 1, MsgId 0, Data \"AAAA"));
  CHECK(lines("06 fe 01 0a0b0c 03 05 00") ==
        "     6       ENCAPSULATED  Ctrl 1, WirelessNodeId 0a 0b 0c\n     3  G>C  CONNACK  ReturnCode 0 accepted\n");
}

TEST_CASE("what is wrong with a message is named with its octet") {
  const auto problem = [](std::string_view hex) {
    const std::vector<std::uint8_t> bytes = *from_hex(hex);
    const SnMessage message = read_sn(bytes);
    return message.problems.empty() ? "none"
                                    : std::to_string(message.problems[0].offset) + ": " + message.problems[0].text;
  };
  CHECK(problem("03 05 00") == "none");
  CHECK(problem("00") == "0: this is no header of a message: Length and MsgType");
  CHECK(problem("03 11 00") == "1: the MsgType 0x11 is reserved");
  CHECK(problem("20 0c 00") == "0: the Length is 32, but 3 octets are there");
  CHECK(problem("03 05 04") == "2: the ReturnCode 4 is reserved");
  CHECK(problem("04 05 00 00") == "3: 1 octet is left over behind the last field");
  CHECK(problem("02 05") == "2: the message ends where ReturnCode must be");
  CHECK(problem("0d 04 04 02 003c 636c69656e7431") == "3: the ProtocolId is 2, 1 is MQTT-SN 1.2");
  CHECK(problem("06 04 04 01 003c") == "6: the ClientId has 0 characters, 1 to 23 are allowed");
  CHECK(problem("09 0c 20 0007 0000 6869") == "2: the MsgId is 0 at QoS 1");
  CHECK(problem("09 0c 80 0007 0000 6869") == "2: DUP is 1 at QoS 0");
  CHECK(problem("09 0c 60 0007 0000 6869") ==
        "2: a PUBLISH of QoS -1 needs a predefined TopicId or a short topic name");
  CHECK(problem("09 0c 03 0007 0000 6869") == "2: the TopicIdType 3 is reserved");
  CHECK(problem("09 0c 00 0000 0000 6869") == "3: the TopicId 0x0000 is reserved");
  CHECK(problem("09 0c 00 ffff 0000 6869") == "3: the TopicId 0xFFFF is reserved");
  CHECK(problem("08 0a 0000 0001 612b") == "6: the TopicName has a wildcard");
  CHECK(problem("08 12 21 0003 000900") == "5: a predefined TopicId has 2 octets, not 3");
  CHECK(problem("01 0005 05 00") == "0: the Length takes 3 octets although it fits in 1");
}
