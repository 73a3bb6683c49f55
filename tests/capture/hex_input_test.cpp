#include "capture/hex_input.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string bytes_of(std::string_view text) {
  const HexText read = read_hex(text);
  return read.error ? read.error->text() : to_hex(read.bytes);
}

std::string error_of(std::string_view text) {
  const HexText read = read_hex(text);
  return read.error ? read.error->text() : "no error: " + to_hex(read.bytes);
}

}  // namespace

TEST_CASE("plain hex is read with every usual separator and in both cases") {
  for (const char* text : {"100e0004", "10 0e 00 04", "10:0E:00:04", "10-0e-00-04", "10,0e, 00,\t04", "10 0E\n00 04\n",
                           "\r\n100E\r\n0004\r\n", "10;0e;00;04", "10\v0e\f0004"}) {
    CAPTURE(text);
    CHECK(bytes_of(text) == "100e0004");
  }
  CHECK(bytes_of("").empty());
  CHECK(bytes_of(" \n\t").empty());
}

TEST_CASE("0x and backslash x are prefixes of one byte or of several") {
  CHECK(bytes_of("0x10 0x0e 0X00 0x04") == "100e0004");
  CHECK(bytes_of("0x10,0x0E,0x00,0x04,") == "100e0004");
  CHECK(bytes_of("0x100e0004") == "100e0004");
  CHECK(bytes_of("0x100x0e0x000x04") == "100e0004");
  CHECK(bytes_of("\\x10\\x0e\\x00\\x04") == "100e0004");
}

TEST_CASE("a single digit behind a prefix is a byte below 16, as Arduino sketches print it") {
  CHECK(bytes_of("0x10, 0xE, 0x0, 0x4") == "100e0004");
  CHECK(bytes_of("\\x10\\xe\\x0\\x4") == "100e0004");
}

TEST_CASE("a comment goes from # to the end of its line") {
  CHECK(bytes_of("# PINGREQ, 0x not read\nc0 00 # and 12 3 \\ not either\n# end") == "c000");
}

TEST_CASE("a byte with * and a number stands for so many bytes") {
  CHECK(bytes_of("30 61*3 62") == "3061616162");
  CHECK(bytes_of("3061*2\n0x62*1") == "30616162");
  CHECK(error_of("61*") == "line 1, column 3: * without a number");
  CHECK(error_of("61*0") == "line 1, column 4: a byte cannot be repeated 0 times");
  CHECK(error_of("61 *3") == "line 1, column 4: * repeats the byte before it, but there is none");
  CHECK(error_of("6*3") == "line 1, column 2: * repeats the byte before it, but there is none");
  CHECK(error_of("61*1f") == "line 1, column 5: behind * stands a decimal number");
  CHECK(error_of("61*99999999999999999999") == "line 1, column 23: * stands for more than 64 MiB");
  CHECK(error_of("61*60000000 61*60000000") == "line 1, column 23: * stands for more than 64 MiB");
}

TEST_CASE("a byte order mark in front is skipped") {
  CHECK(bytes_of("\xEF\xBB\xBF"
                 "c0 00") == "c000");
  CHECK(bytes_of("\xEF\xBB\xBF"
                 "00000000: c000                                     ..\n") == "c000");
}

TEST_CASE("a bad character is named with its line and column") {
  CHECK(error_of("10 0g") == "line 1, column 5: 'g' is not a hex digit");
  CHECK(error_of("10 0e\n00 04\nMQTT") == "line 3, column 1: 'M' is not a hex digit");
  CHECK(error_of("c0\xe2\x80\x93"
                 "00") == "line 1, column 3: byte 0xE2 is not a hex digit");
  CHECK(error_of("c000 # fine\n# fine\n  c0 0\x01") == "line 3, column 7: byte 0x01 is not a hex digit");
  CHECK(error_of("x10") == "line 1, column 1: an x without 0 or \\ before it");
  CHECK(error_of("10 1x0e") == "line 1, column 5: an x without 0 or \\ before it");
  CHECK(error_of("\\n10") == "line 1, column 1: a backslash without x");
}

TEST_CASE("an odd number of digits is an error at the digit that is alone") {
  CHECK(error_of("10 0 00") == "line 1, column 4: one hex digit alone; a byte has two");
  CHECK(error_of("c0\n1\n") == "line 2, column 1: one hex digit alone; a byte has two");
  CHECK(error_of("100e0 04") == "line 1, column 5: 5 hex digits in a row, an odd number: half a byte is missing");
  CHECK(error_of("0x105") == "line 1, column 5: 3 hex digits in a row, an odd number: half a byte is missing");
  CHECK(error_of("10 0x") == "line 1, column 5: 0x without digits");
  CHECK(error_of("10 \\x") == "line 1, column 5: \\x without digits");
  CHECK(error_of("10 \\") == "line 1, column 4: a backslash without x");
}

TEST_CASE("text between escapes is refused, because digits in it could be either") {
  CHECK(error_of("\\x10\\x0eAB") == "line 1, column 9: \\x takes two digits; what follows it looks like text");
}

TEST_CASE("an xxd dump is read up to its gutter, even where the gutter looks like hex") {
  const char* dump =
      "00000000: 100e 0004 4d51 5454 0402 003c 0002 6162  ....MQTT...<..ab\n"
      "00000010: 3005 0001 6161 62                        0..aab\n";
  CHECK(read_hex(dump).form == HexForm::xxd);
  CHECK(bytes_of(dump) ==
        "100e00044d5154540402003c00026162"
        "30050001616162");
  CHECK(bytes_of("00000000: 61 61 61 61  aaaa\n00000004: 62 62        bb") == "616161616262");
}

TEST_CASE("a hexdump -C dump is read up to its gutter and its last line is no data") {
  const char* dump =
      "00000000  10 0e 00 04 4d 51 54 54  04 02 00 3c 00 02 61 62  |....MQTT...<..ab|\n"
      "00000010  c0 00                                             |..|\n"
      "00000012\n";
  CHECK(read_hex(dump).form == HexForm::hexdump);
  CHECK(bytes_of(dump) ==
        "100e00044d5154540402003c00026162"
        "c000");
}

TEST_CASE("the * of hexdump -C repeats the row before it up to the next offset") {
  const char* dump =
      "00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|\n"
      "*\n"
      "00000030  62                                                |b|\n"
      "00000031\n";
  std::string expected;
  for (int i = 0; i < 48; ++i) expected += "61";
  CHECK(bytes_of(dump) == expected + "62");
}

TEST_CASE("dumps one after another are one input") {
  CHECK(bytes_of("00000000: c000  ..\n# answer\n00000000: d000  ..\n") == "c000d000");
}

TEST_CASE("a dump that starts in the middle of a file is read") {
  CHECK(bytes_of("00000040: c000  ..\n00000042: d000  ..\n") == "c000d000");
}

TEST_CASE("a dump with a missing line or a typo says where") {
  CHECK(error_of("00000000: c000 d000  ....\n00000010: c000  ..\n") ==
        "line 2, column 1: offset 00000010 where 00000004 is due: lines are missing or changed");
  CHECK(error_of("00000000: c000 d00  ....\n") == "line 1, column 18: one hex digit alone; a byte has two");
  CHECK(error_of("00000000: c000 dz00  ....\n") == "line 1, column 16: one hex digit alone; a byte has two");
  CHECK(error_of("00000000: c000 zz00  ....\n") == "line 1, column 16: 'z' is not a hex digit");
  CHECK(error_of("00000000  c0 00  |..|\nnext\n") ==
        "line 2, column 1: a line of this dump starts with an offset of eight digits");
}

TEST_CASE("a few characters cannot ask for gigabytes") {
  const std::string row = "00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|\n";
  CHECK(error_of(row + "*\nfffffff0\n") == "line 3, column 1: * stands for more than 64 MiB");
  CHECK(error_of(row + "*\n00000015\n") ==
        "line 3, column 1: the rows that * stands for cannot end at offset 00000015");
  CHECK(error_of(row + "*\n") ==
        "line 3, column 1: the dump ends with *, so it does not tell how often the row repeats");
  std::string twice = row + "*\n03000000\n" + row + "*\n03000000\n";
  CHECK(error_of(twice) == "line 6, column 1: * stands for more than 64 MiB");
  CHECK(error_of("00000000: 6161  aa\n" + std::string(5000, '6')) ==
        "line 2, column 4097: the line is too long for a dump");
}

TEST_CASE("a form that is asked for is not guessed") {
  CHECK(read_hex("00000000: c000  ..", HexForm::plain).error.has_value());
  CHECK(read_hex("c000", HexForm::xxd).error->text() ==
        "line 1, column 1: a line of this dump starts with an offset of eight digits");
}

TEST_CASE("text split at any place gives the same bytes or the same error") {
  for (const std::string_view text :
       {"# c\n10 0x0e\\x00,04", "61*12 62", "100e0\n", "0x100x0e 0x4",
        "00000000: c000 d000  ....\n00000004: c000  ..\n", "00000000  c0 00  |..|\n*\n00000006\n",
        "\xEF\xBB\xBF"
        "c0 0",
        "# only a comment"}) {
    CAPTURE(text);
    const HexText whole = read_hex(text);
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      HexInput input;
      std::vector<std::uint8_t> bytes;
      std::optional<HexError> error;
      for (std::size_t at = 0; at < text.size() && !error; at += piece) {
        std::vector<std::uint8_t> part;
        error = input.feed(text.substr(at, piece), part);
        bytes.insert(bytes.end(), part.begin(), part.end());
      }
      if (!error) error = input.finish(bytes);
      CHECK(bytes == whole.bytes);
      REQUIRE(error.has_value() == whole.error.has_value());
      if (error) CHECK(error->text() == whole.error->text());
    }
  }
}
