#include "base/text_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace mqtk;

namespace {

template <class Write>
std::string written(Write write) {
  std::string out = "> ";
  {
    TextWriter writer{out};
    write(writer);
  }
  return out;
}

}  // namespace

TEST_CASE("pieces come behind what the string has") {
  CHECK(written([](TextWriter& to) {
          to += "id ";
          to.number(10);
          to += ',';
          to.append(3, '-');
        }) == "> id 10,---");
}

TEST_CASE("numbers have no zeros in front") {
  const auto number = [](std::uint64_t value) { return written([&](TextWriter& to) { to.number(value); }); };
  CHECK(number(0) == "> 0");
  CHECK(number(9) == "> 9");
  CHECK(number(100) == "> 100");
  CHECK(number(std::numeric_limits<std::uint64_t>::max()) == "> 18446744073709551615");
}

TEST_CASE("text that is longer than the buffer keeps its order") {
  const std::string long_text(3000, 'x');
  const std::string out = written([&](TextWriter& to) {
    for (int i = 0; i < 500; ++i) to += "ab";
    to += long_text;
    to.number(1'000'000);
    to.append(2000, ' ');
    CHECK(to.written() == 1000 + 3000 + 7 + 2000);
  });
  std::string expected = "> ";
  for (int i = 0; i < 500; ++i) expected += "ab";
  CHECK(out == expected + long_text + "1000000" + std::string(2000, ' '));
}

TEST_CASE("what was written last can be taken back") {
  CHECK(written([](TextWriter& to) {
          to += "PINGREQ      ";
          to.take_back(6);
        }) == "> PINGREQ");
}
