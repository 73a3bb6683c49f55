// The views for people: annotated and line.
#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "capture/annotated_view.hpp"
#include "capture/packet_line.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

// A packet and what a record of it points at.
struct Shown {
  std::vector<std::uint8_t> bytes;
  Annotated notes;
  PacketRecord record;

  explicit Shown(std::string_view hex, Version version = Version::v5) : bytes(*from_hex(hex)) {
    notes = annotate(bytes, {version, Role::unknown});
    record.version = version;
    record.type = static_cast<PacketType>(bytes[0] >> 4U);
    record.bytes = bytes;
    record.packet = &notes.packet;
    record.decoded = notes.decoded;
    record.annotations = notes.annotations;
    record.problems = notes.problems;
  }
};

std::string annotated(std::string_view hex, AnnotatedViewStyle style = {}, Version version = Version::v5) {
  std::string out;
  append_annotated_view(out, Shown{hex, version}.record, style);
  return out;
}

std::string line(std::string_view hex, Version version = Version::v5, Secrets secrets = Secrets::hidden) {
  std::string out;
  append_packet_line(out, Shown{hex, version}.record, {Paint::plain, secrets});
  return out;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("the annotated view shows offset, bytes, name, value and meaning of every field, and the problems") {
  CHECK(annotated("36 07 0001 61 000A 00 62") ==
        "PUBLISH  MQTT 5.0, direction unknown, packet 0, 9 bytes at offset 0\n"
        "!     0  36                       Packet Type and Flags\n"
        "         0011 ....                  Packet Type          3    PUBLISH\n"
        "         .... 0...                  DUP                  0\n"
        "         .... .11.                  QoS                  3    reserved\n"
        "         .... ...0                  RETAIN               0\n"
        "      1  07                       Remaining Length       7\n"
        "      2  00 01                    Topic Name Length      1\n"
        "      4  61                       Topic Name             \"a\"\n"
        "      5  00 0a                    Packet Identifier      10\n"
        "      7                           Properties                  1 byte\n"
        "      7  00                         Property Length      0\n"
        "      8  62                       Payload                \"b\"  1 byte\n"
        "  ! PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; Malformed Packet (0x81)\n"
        "\n");
}

TEST_CASE("a long payload is folded with a count, unless all is asked for") {
  std::string hex = "30 28 0001 61 00";
  for (int i = 0; i < 36; ++i) hex += "FF";
  const std::string folded = annotated(hex);
  CHECK(contains(folded,
                 "      6  ff ff ff ff ff ff ff ff  Payload                36 bytes\n"
                 "         ff ff ff ff ff ff ff ff\n"
                 "         ff ff ff ff ff ff ff ff\n"
                 "         ... 12 bytes more\n"));
  const std::string full = annotated(hex, {Paint::plain, Secrets::hidden, Folding::full});
  CHECK_FALSE(contains(full, "more"));
  CHECK(contains(full, "         ff ff ff ff\n"));
}

TEST_CASE("a password is masked in bytes and value, and so is what might hold one") {
  const std::string hidden =
      annotated("10 16 0004 4D515454 04 C2 003C 0000 0002 6D65 0004 70617373", {}, Version::v3_1_1);
  CHECK(contains(hidden, "     20  ** ** ** **              Password                  ***  4 bytes, hidden\n"));
  CHECK_FALSE(contains(hidden, "70 61 73 73"));
  CHECK(contains(annotated("10 16 0004 4D515454 04 C2 003C 0000 0002 6D65 0004 70617373",
                           {Paint::plain, Secrets::shown, Folding::folded}, Version::v3_1_1),
                 "70 61 73 73              Password                  \"pass\""));
  // The user name's length is wrong, so the password lies in what cannot be decoded.
  const std::string broken =
      annotated("10 16 0004 4D515454 04 C2 003C 0000 0022 6D65 0004 70617373", {}, Version::v3_1_1);
  CHECK_FALSE(contains(broken, "70 61 73 73"));
  CHECK(contains(broken, "Undecoded"));
}

TEST_CASE("text from the wire cannot steer the terminal") {
  CHECK(contains(annotated("30 08 0004 1B5B324A 00 07"), R"("\x1b[2J")"));
  CHECK(contains(line("30 08 0004 1B5B324A 00 07"), R"("\x1b[2J")"));
  CHECK_FALSE(contains(annotated("30 08 0004 1B5B324A 00 07"), "\x1b"));
}

TEST_CASE("colors surround the same text") {
  const std::string colored = annotated("C000", {Paint::colored, Secrets::hidden, Folding::folded});
  CHECK(contains(colored, "\x1b[1mPINGREQ\x1b[0m"));
  std::string plain;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      plain += colored[i];
    }
  }
  CHECK(plain == annotated("C000"));
}

TEST_CASE("the line view says in one line what each packet holds") {
  CHECK(line("10 32 0004 4D515454 05 EE 003C 05 11 0000000A 0003 616263"
             "05 18 00000005 0003 772F74 0004 676F6E65 0002 6D65 0006 736563726574") ==
        "0           52       CONNECT      MQTT 5.0, client \"abc\", clean start, keep alive 60 s, will \"w/t\" QoS 1 "
        "retain, 4 bytes \"gone\", {will_delay_interval=5}, user \"me\", password ***, {session_expiry_interval=10}\n");
  CHECK(line("20 03 01 00 00") == "0            5       CONNACK      Success (0x00), session present\n");
  CHECK(line("3B 08 0001 61 000A 00 FF00") ==
        "0           10       PUBLISH      \"a\", QoS 1, id 10, dup, retain, 2 bytes ff 00\n");
  CHECK(line("30 03 0001 61", Version::v3_1_1) == "0            5       PUBLISH      \"a\", QoS 0, 0 bytes\n");
  CHECK(line("40 02 0007") == "0            4       PUBACK       id 7, Success (0x00)\n");
  CHECK(line("40 02 0007", Version::v3_1_1) == "0            4       PUBACK       id 7\n");
  CHECK(line("82 0F 0001 02 0B03 0003 612F23 2D 0001 62 00") ==
        "0           17       SUBSCRIBE    id 1, \"a/#\" QoS 1 no local retain as published retain handling 2, "
        "\"b\" QoS 0, {subscription_identifier=3}\n");
  CHECK(line("90 05 0001 00 02 87") ==
        "0            7       SUBACK       id 1, Granted QoS 2 (0x02), Not authorized (0x87)\n");
  CHECK(line("A2 09 0002 00 0001 61 0001 62") == "0           11       UNSUBSCRIBE  id 2, \"a\", \"b\"\n");
  CHECK(line("C000") == "0            2       PINGREQ\n");
  CHECK(line("E0 00") == "0            2       DISCONNECT   Normal disconnection (0x00)\n");
}

TEST_CASE("problems stand below their line") {
  CHECK(line("31 05 000A 616263") ==
        "0            7       PUBLISH      Undecoded 00 0a 61 62 63\n"
        "  ! PUBLISH, byte 2: the packet ends inside a field; Malformed Packet (0x81)\n");
}

TEST_CASE("a list of a thousand filters stays one readable line") {
  std::string hex = "82 A31F 0001 00";
  for (int i = 0; i < 1000; ++i) hex += "0001 61 00";
  CHECK(contains(line(hex), ", 992 more\n"));
  CHECK(line(hex).size() < 200);
}
