// Dumps in other digits than pairs of hex, as the programs print them, and the colors that come with some.
#include <doctest/doctest.h>

#include <string>

#include "base/hex.hpp"
#include "capture/color_filter.hpp"
#include "capture/hex_input.hpp"

using namespace mqtk;

namespace {

// CONNECT of MQTT 3.1.1 with the Client Identifier abc.
constexpr std::string_view connect = "100f00044d5154540402003c0003616263";

std::string bytes_of(std::string_view text) {
  const HexText read = read_hex(text);
  return read.error ? read.error->text() : to_hex(read.bytes);
}

HexForm form_of(std::string_view text) { return read_hex(text).form; }

}  // namespace

TEST_CASE("od without options prints octal words of swapped bytes, with offsets in any base") {
  const std::string first = " 007420 002000 050515 052124 001004 036000 001400 061141\n";
  CHECK(form_of("0000000" + first + "0000020 000143\n0000021\n") == HexForm::words);
  CHECK(bytes_of("0000000" + first + "0000020 000143\n0000021\n") == connect);
  CHECK(bytes_of("0000000" + first + "0000016 000143\n0000017\n") == connect);
  CHECK(bytes_of("000000" + first + "000010 000143\n000011\n") == connect);
  // hexdump -o
  CHECK(bytes_of("0000000  007420  002000  050515  052124  001004  036000  001400  061141\n"
                 "0000010  000143                                                        \n0000011\n") == connect);
}

TEST_CASE("od -b and hexdump -b print octal bytes") {
  const std::string first = "0000000 020 017 000 004 115 121 124 124 004 002 000 074 000 003 141 142\n";
  CHECK(form_of(first) == HexForm::od);
  CHECK(bytes_of(first + "0000020 143\n0000021\n") == connect);
  CHECK(bytes_of(first + "0000010 143                                                            \n0000011\n") ==
        connect);
}

TEST_CASE("words of four and eight bytes are read, and the last offset tells how much of the last one is there") {
  CHECK(bytes_of("0000000 04000f10 5454514d 3c000204 62610300\n0000020 00000063\n0000021\n") == connect);
  CHECK(bytes_of("000000 04000f10 5454514d 3c000204 62610300\n000010 00000063\n000011\n") == connect);
  CHECK(bytes_of("0000000 5454514d04000f10 626103003c000204\n0000020 0000000000000063\n0000021\n") == connect);
}

TEST_CASE("the last word waits for the offset behind it, however the text is cut") {
  const std::string_view dump = "0000000 00c0 0100\n0000003\n";
  for (std::size_t piece = 1; piece < dump.size(); ++piece) {
    CAPTURE(piece);
    HexInput input;
    std::string bytes;
    for (std::size_t at = 0; at < dump.size(); at += piece) {
      std::vector<std::uint8_t> part;
      REQUIRE_FALSE(input.feed(dump.substr(at, piece), part));
      bytes += to_hex(part);
    }
    std::vector<std::uint8_t> rest;
    REQUIRE_FALSE(input.finish(rest));
    CHECK(bytes + to_hex(rest) == "c00000");
  }
}

TEST_CASE("xxd -b prints bits, and groups of four bytes that look like bits are still hex") {
  CHECK(bytes_of("00000000: 00010000 00001111 00000000 00000100 01001101 01010001  ....MQ\n"
                 "00000006: 01010100 01010100 00000100 00000010 00000000 00111100  TT...<\n"
                 "0000000c: 00000000 00000011 01100001 01100010 01100011           ..abc\n") == connect);
  CHECK(bytes_of("00000000: 11000000 00000000                                      ..\n") == "c000");
  CHECK(bytes_of("00000000: 11000000 00000000                    ........\n") == "1100000000000000");
  CHECK(bytes_of("00000000: 11000000 0000000                    ..\n") ==
        "line 1, column 26: one hex digit alone; a byte has two");
  CHECK(bytes_of("00000000: 11000000 00000000  ..\n00000002: 00000002  .\n") ==
        "line 2, column 18: '2' is not a binary digit");
}

TEST_CASE("xxd -e prints groups from their last byte on, which the characters behind them tell") {
  CHECK(bytes_of("00000000: 04000f10 5454514d 3c000204 62610300  ....MQTT...<..ab\n"
                 "00000010:       63                             c\n") == connect);
  CHECK(bytes_of("00000000: 0f10 0400 514d 5454 0204 3c00 0300 6261  ....MQTT...<..ab\n"
                 "00000010:   63                                     c\n") == connect);
  CHECK(bytes_of("00000000: 04000f10     514d                    ....MQ\n") == "100f00044d51");
  CHECK(bytes_of("00000000:     00c0                             ..\n") == "c000");
  CHECK(bytes_of("00000000: 100f0004 4d515454                    ....MQTT\n") == "100f00044d515454");
}

TEST_CASE("a dump in digits that cannot be told apart says which dump can be read") {
  const std::string message =
      "line 1, column 1: a dump of numbers that are neither hex nor octal; od -tx1 and hexdump -C write bytes in hex";
  for (const std::string_view dump : {
           "0000000  16  15   0   4  77  81  84  84   4   2   0  60   0   3  97  98\n0000020  99\n0000021\n",
           "0000000   16   15    0    4   77  -64\n",
           "0000000 020 017  \\0 004   M   Q   T   T 004 002  \\0   <  \\0 003   a   b\n0000020   c\n0000021\n",
           "0000000   03856   01024   20813   21588   00516   15360   00768   25185\n",
       }) {
    CAPTURE(dump);
    CHECK(bytes_of(dump) == message);
    CHECK(read_hex(dump).bytes.empty());
  }
}

TEST_CASE("a typo in octal digits says where") {
  CHECK(bytes_of("0000000 007420 002000\n0000004 008000\n") == "line 2, column 11: '8' is not an octal digit");
  CHECK(bytes_of("0000000 007420 002000\n0000004 00200\n") == "line 2, column 14: this dump has 6 digits in a group");
  CHECK(bytes_of("0000000 007420 202000\n") == "line 1, column 16: a number that is too large");
  CHECK(bytes_of("0000000 020 400\n") == "line 1, column 13: a number that is too large");
}

TEST_CASE("the colors of hexyl, xxd and grep are passed over") {
  CHECK(bytes_of("┌────────┬─────────────────────────┬─────────────────────────┬────────┬────────┐\n"
                 "│\x1B[38;5;242m00000000\x1B[0m│ \x1B[35m10 \x1B[0m\x1B[35m0f \x1B[0m\x1B[38;5;242m00 \x1B[0m"
                 "\x1B[35m04 \x1B[0m                    ┊                         │\x1B[35m•\x1B[0m\x1B[35m•\x1B[0m"
                 "\x1B[38;5;242m0\x1B[0m\x1B[35m•\x1B[0m    ┊        │\n") == "100f0004");
  CHECK(bytes_of("00000000: \x1B[1;31mc0\x1B[0m\x1B[1;37m00\x1B[0m  \x1B[1;31m.\x1B[0m\x1B[1;37m.\x1B[0m\n") == "c000");
  CHECK(bytes_of("\x1B[01;31m\x1B[Kc000\x1B[m\x1B[K\n") == "c000");
  CHECK(bytes_of("\x1B[31mc0 \x1B[0mxx\n") == "line 1, column 4: an x without 0 or \\ before it");
}

TEST_CASE("what only begins like a color is kept") {
  CHECK(without_colors("a\x1B[31") == "a\x1B[31");
  CHECK(without_colors("a\x1B[31xb") == "a\x1B[31xb");
  CHECK(without_colors("\x1B\x1B[0mb") ==
        "\x1B"
        "b");
  CHECK(without_colors("\x1B[" + std::string(100, '1') + "m") == "\x1B[" + std::string(100, '1') + "m");
  CHECK(bytes_of("c000\x1B") == "line 1, column 5: byte 0x1B is not a hex digit");
}
