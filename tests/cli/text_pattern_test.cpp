#include "cli/text_pattern.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mqtk::cli {
namespace {

constexpr WallTime some_time{std::chrono::nanoseconds{1'500'000'000'123'456'789}};

std::string filled(std::string_view text, std::uint64_t number = 7) {
  auto pattern = TextPattern::parse(text);
  REQUIRE_MESSAGE(pattern, pattern.error());
  auto result = pattern->fill_in(number, some_time);
  REQUIRE(result);
  return *result;
}

std::string refusal(std::string_view text) {
  const auto pattern = TextPattern::parse(text);
  return pattern ? "accepted" : pattern.error();
}

}  // namespace

TEST_CASE("numbers and times are put in place") {
  CHECK(filled("room/{n}/x") == "room/7/x");
  CHECK(filled("{time}") == "2017-07-14T02:40:00.123456789Z");
  CHECK(filled("{time:s} {time:ms} {time:us} {time:ns}") ==
        "1500000000 1500000000123 1500000000123456 1500000000123456789");
}

TEST_CASE("JSON needs no escapes, and a doubled brace is a brace") {
  CHECK(filled(R"({"n":{n},"list":[{}, {"a":1}]})") == R"({"n":7,"list":[{}, {"a":1}]})");
  CHECK(filled("{{n}") == "{n}");
  CHECK(filled("{") == "{");
  CHECK(filled("") == "");
}

TEST_CASE("random numbers stay in their range and have its decimals") {
  auto pattern = TextPattern::parse("{random:-1..1}");
  REQUIRE(pattern);
  for (int i = 0; i < 100; ++i) {
    const std::string text = *pattern->fill_in(1, some_time);
    CHECK((text == "-1" || text == "0" || text == "1"));
  }
  CHECK(filled("{random:2.50..2.50}") == "2.50");
  CHECK(filled("{random:32}").size() == 32);
  CHECK(filled("{random:32}").find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a UUID has version 4 and the variant of RFC 9562") {
  const std::string uuid = filled("{uuid}");
  REQUIRE(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string_view{"89ab"}.find(uuid[19]) != std::string_view::npos);
  CHECK(filled("{uuid}") != uuid);
}

TEST_CASE("environment and files are read") {
  ::setenv("MQTK_PATTERN_TEST", "{n}", 1);
  CHECK(filled("{env:MQTK_PATTERN_TEST}") == "{n}");
  const std::string name = std::filesystem::temp_directory_path() / ("pattern-" + std::to_string(::getpid()));
  std::ofstream{name} << "21.5\n";
  CHECK(filled("<{file:" + name + "}>") == "<21.5>");
  auto pattern = TextPattern::parse("{file:" + name + "}");
  REQUIRE(pattern);
  std::filesystem::remove(name);
  CHECK(pattern->fill_in(1, some_time).error() == "cannot read " + name);
  CHECK(refusal("{file:" + name + "}") == "cannot read " + name + ": No such file or directory");
}

TEST_CASE("a mistake is told with what would be right") {
  CHECK(refusal("{tiem}") ==
        "{tiem} is no placeholder; there are {n}, {time}, {uuid}, {random:…}, {env:NAME} and {file:NAME}");
  CHECK(refusal("{n") == "a placeholder is not closed with }; {{ is a brace");
  CHECK(refusal("{time:min}") == "{time:min}: the units of time are s, ms, us and ns");
  CHECK(refusal("{env:MQTK_NO_SUCH_VARIABLE}") == "{env:MQTK_NO_SUCH_VARIABLE}: no such environment variable");
  for (const char* range : {"", "6..1", "1..x", "0", "1.5", "1..1e400", "1..99999999999999999999"}) {
    CHECK(refusal("{random:" + std::string{range} + "}") ==
          "{random:" + std::string{range} + "} needs a range such as 1..6 or 18.5..24.0, or a count of hex digits");
  }
}

}  // namespace mqtk::cli
