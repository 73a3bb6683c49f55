#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "capture/hex_input.hpp"

using namespace mqtk;

namespace {

std::string bytes_of(std::string_view text) {
  const HexText read = read_hex(text);
  return read.error ? read.error->text() : to_hex(read.bytes);
}

HexForm form_of(std::string_view text) { return read_hex(text).form; }

}  // namespace

TEST_CASE("hexdump without options prints words of swapped bytes, and its last line tells of an odd number") {
  const char* dump = "0000000 0f10 0400 514d 5454 0204 3c00 0300 6261\n0000010 0063\n0000011\n";
  CHECK(form_of(dump) == HexForm::words);
  CHECK(bytes_of(dump) == "100f00044d5154540402003c0003616263");
}

TEST_CASE("od is read with hexadecimal, octal and decimal offsets") {
  const std::string row = "10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62";
  const std::string bytes = "100f00044d5154540402003c0003616263";
  CHECK(form_of("000000 " + row + "\n000010 63\n000011\n") == HexForm::od);
  CHECK(bytes_of("000000 " + row + "\n000010 63\n000011\n") == bytes);
  CHECK(bytes_of("0000000 " + row + "\n0000020 63\n0000021\n") == bytes);
  CHECK(bytes_of("0000000 " + row + "\n0000016 63\n0000017\n") == bytes);
}

TEST_CASE("Wireshark's dumps are read, line by line text between them is passed over, and each start is kept") {
  HexInput input;
  std::vector<std::uint8_t> bytes;
  const std::string_view dump =
      "Frame (17 bytes):\n"
      "0000  10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62   ....MQTT...<..ab\n"
      "0010  63                                                c\n"
      "\n"
      "0000  c0 00                                             ..\n";
  REQUIRE_FALSE(input.feed(dump, bytes));
  REQUIRE_FALSE(input.finish(bytes));
  CHECK(input.form() == HexForm::wireshark);
  CHECK(to_hex(bytes) == "100f00044d5154540402003c0003616263c000");
  CHECK(input.starts() == std::vector<std::uint64_t>{0, 17});
  // "Copy as hex dump" has three blanks behind the offset; a full row's text may follow after one.
  CHECK(bytes_of("0000   61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61   aaaaaaaaaaaaaaaa\n0010   62   b\n") ==
        "6161616161616161616161616161616162");
}

TEST_CASE("tcpdump's dumps are read below their header lines") {
  const char* dump =
      "12:34:56.789012 IP 10.0.0.1.50000 > 10.0.0.2.1883: Flags [P.], length 2\n"
      "\t0x0000:  4500 002a 0000 4000 4006 0000 0a00 0001  E..*..@.@.......\n"
      "\t0x0010:  c0                                       .\n"
      "12:34:56.789013 IP 10.0.0.2.1883 > 10.0.0.1.50000: Flags [.], length 0\n"
      "\t0x0000:  d000                                     ..\n";
  CHECK(form_of(dump) == HexForm::tcpdump);
  CHECK(bytes_of(dump) == "4500002a00004000400600000a000001c0d000");
}

TEST_CASE("hexyl's table is read") {
  const char* dump =
      "┌────────┬─────────────────────────┬─────────────────────────┬────────┬────────┐\n"
      "│00000000│ 10 0f 00 04 4d 51 54 54 ┊ 04 02 00 3c 00 03 61 62 │•••⋄MQTT┊••⋄<⋄•ab│\n"
      "│00000010│ 63                      ┊                         │c       ┊        │\n"
      "└────────┴─────────────────────────┴─────────────────────────┴────────┴────────┘\n";
  CHECK(form_of(dump) == HexForm::hexyl);
  CHECK(bytes_of(dump) == "100f00044d5154540402003c0003616263");
}

TEST_CASE("literals of C, Go, Java, Python, JavaScript, JSON and Erlang are read") {
  for (const char* text : {
           "{0x10, 0x0e, 0x00, 0x84}",
           "const unsigned char packet[] = {\n  0x10, 14, /* two */ 0, 0x84, // end\n};\n",
           "static const uint8_t packet[4] = { 0x10u, 0x0EU, 0x00, 0x84 };",
           "[]byte{0x10, 0x0e, 0x00, 0x84}",
           "new byte[] {0x10, 0x0e, 0, (byte) 0x84}",
           "new byte[]{16, 14, 0, -124}",
           "[16, 14, 0, 132]",
           "{'\x10', 0x0e, 0, 132}",
           "<<16,14,0,132>>",
           "<<16#10,16#0e,0,132>>",
           "<Buffer 10 0e 00 84>",
           "{\"type\":\"Buffer\",\"data\":[16,14,0,132]}",
           "bytes.fromhex('100e0084')",
           "bytes.fromhex(\"10 0e 00 84\")",
           "bytearray([16, 14, 0, 132])",
           "b'\\x10\\x0e\\x00\\x84'",
           "payload = b\"\\x10\\x0e\\0\\204\"",
           "\"\\x10\\x0e\" \"\\x00\"\n\"\\x84\";",
           "Buffer.from('100e0084', 'hex')",
       }) {
    CAPTURE(text);
    CHECK(bytes_of(text) == "100e0084");
    CHECK(form_of(text) == HexForm::literal);
  }
  CHECK(bytes_of("b'\\x10\\x04MQ\\'\\n\\t\\\\'") == "10044d51270a095c");
}

TEST_CASE("a damaged literal says where") {
  CHECK(bytes_of("[16, 14,\n 0, 256]") == "line 2, column 5: a number that is no byte");
  CHECK(bytes_of("[16, 14") == "line 1, column 8: the list of bytes does not end");
  CHECK(bytes_of("{0x10, zz}") == "line 1, column 8: 'z' where a byte must be");
  CHECK(bytes_of("b'\\x10") == "line 1, column 2: the string does not end");
  CHECK(bytes_of("b'\\xzz'") == "line 1, column 3: an escape that is no byte");
  CHECK(bytes_of("bytes.fromhex('100e0')") ==
        "line 1, column 20: 5 hex digits in a row, an odd number: half a byte is missing");
  CHECK(bytes_of("<Buffer 10 0e ... 20 more bytes>") == "line 1, column 15: the Buffer was cut when it was printed");
}

TEST_CASE("base64 is read where it holds something like a packet, and hex is preferred") {
  CHECK(form_of("EA8ABE1RVFQEAgA8AANhYmM=") == HexForm::base64);
  CHECK(bytes_of("EA8ABE1RVFQEAgA8AANhYmM=") == "100f00044d5154540402003c0003616263");
  CHECK(bytes_of("EA8ABE1RVFQE\nAgA8AANhYmM\n") == "100f00044d5154540402003c0003616263");
  CHECK(form_of("c000") == HexForm::plain);
  CHECK(form_of("10-0e-00-04") == HexForm::plain);
  CHECK(bytes_of("wAz") == "line 1, column 1: 'w' is not a hex digit");
}

// What xxd, hexdump, od and hexyl print of CONNECT, a PUBLISH of 79 bytes, most of them zero, and DISCONNECT.
TEST_CASE("a repeated row is counted in the base of the offsets before it") {
  const std::string bytes =
      "100d00044d5154540402003c00016130"
      "4f000161" +
      std::string(152, '0') + "e000";
  const std::string first = " 10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 61 30\n";
  const std::string second = " 4f 00 01 61 00 00 00 00 00 00 00 00 00 00 00 00\n";
  const std::string zeros = " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n";
  CHECK(bytes_of("000000" + first + "000010" + second + "000020" + zeros + "*\n000060 e0 00\n000062\n") == bytes);
  CHECK(bytes_of("0000000" + first + "0000020" + second + "0000040" + zeros + "*\n0000140 e0 00\n0000142\n") == bytes);
  CHECK(bytes_of("0000000" + first + "0000016" + second + "0000032" + zeros + "*\n0000096 e0 00\n0000098\n") == bytes);
  const std::string words =
      " 0d10 0400 514d 5454 0204 3c00 0100 3061\n0000020 004f 6101 0000 0000 0000 0000 0000 0000\n"
      "0000040 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000140 00e0\n0000142\n";
  CHECK(bytes_of("0000000" + words) == bytes);
  const std::string groups[] = {": 100d 0004 4d51 5454 0402 003c 0001 6130  ....MQTT...<..a0\n",
                                ": 4f00 0161 0000 0000 0000 0000 0000 0000  O..a............\n",
                                ": 0000 0000 0000 0000 0000 0000 0000 0000  ................\n"};
  CHECK(bytes_of("00000000" + groups[0] + "00000010" + groups[1] + "00000020" + groups[2] +
                 "*\n00000060: e000                                     ..\n") == bytes);
  CHECK(bytes_of("00000000" + groups[0] + "00000016" + groups[1] + "00000032" + groups[2] +
                 "*\n00000096: e000                                     ..\n") == bytes);
}

TEST_CASE("the lines that tcpdump writes about a packet are known, with and without time and link layer") {
  const std::string dump = "\t0x0000:  100f 0004 4d51 5454 0402 003c 0003 6162  ....MQTT...<..ab\n\t0x0010:  63  c\n";
  for (const std::string_view line :
       {"22:13:20.003000 IP 10.0.0.1.50000 > 10.0.0.2.1883: Flags [.], length 17",
        "IP6 2001:db8::1.50000 > 2001:db8::2.1883: Flags [.], length 17",
        "1700000000.003000 IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 57)",
        "22:13:20.003000 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 71: 10.0.0.1 > "
        "10.0.0.2"}) {
    CAPTURE(line);
    CHECK(form_of(std::string{line} + "\n" + dump) == HexForm::tcpdump);
    CHECK(bytes_of(std::string{line} + "\n" + dump) == "100f00044d5154540402003c0003616263");
  }
}

TEST_CASE("od shows characters behind '>', and hexdump -x has wide gaps") {
  CHECK(bytes_of("000000 32 1c 00 03 61 2f 62 00 0a 00 7b 22 74 22 3a 32  >2...a/b...{\"t\":2<\n"
                 "000010 31 2e                                            >1.<\n000012\n") ==
        "321c0003612f62000a007b2274223a32312e");
  CHECK(
      bytes_of("0000000    1010    0400    514d    5454    0205    3c00    0000    6103\n0000010    6362\n0000012\n") ==
      "101000044d5154540502003c000003616263");
}

TEST_CASE("hexyl is read with borders of ASCII and with none") {
  CHECK(bytes_of("+--------+-------------------------+-------------------------+--------+--------+\n"
                 "|00000000| 10 0d 00 04 4d 51 54 54 | 04 02 00 3c 00 01 61 30 |__0_MQTT|__0<0_a0|\n"
                 "|00000010| 4f 00 01 61 00 00 00 00 | 00 00 00 00 00 00 00 00 |O0_a0000|00|00000|\n"
                 "|00000020| 00 00 00 00 00 00 00 00 | 00 00 00 00 00 00 00 00 |00000000|00000000|\n"
                 "|*       |                         |                         |        |        |\n"
                 "|00000060| e0 00                   |                         |x0      |        |\n"
                 "+--------+-------------------------+-------------------------+--------+--------+\n") ==
        "100d00044d5154540402003c000161304f000161" + std::string(152, '0') + "e000");
  CHECK(bytes_of(" 00000000  10 0d 00 04 4d 51 54 54   04 02 00 3c 00 01 61 30  __0_MQTT __0<0_a0 \n"
                 " 00000010  e0 00                                              x0                \n") ==
        "100d00044d5154540402003c00016130e000");
}

TEST_CASE("what tshark -V tells of a packet stands before its dump and is passed over") {
  CHECK(bytes_of("Frame 1: 17 bytes on wire (136 bits), 17 bytes captured (136 bits)\n"
                 "    Differentiated Services Field: 0x00\n"
                 "        0000 00.. = Differentiated Services Codepoint: Default (0)\n"
                 "    Header Length: 20 bytes (5)\n\n"
                 "0000  10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62   ....MQTT...<..ab\n"
                 "0010  63                                                c\n") ==
        "100f00044d5154540402003c0003616263");
}
