#include "cli/json_view.hpp"

#include <doctest/doctest.h>

namespace mqtk::cli {
namespace {

bool holds(std::string_view condition, std::string_view payload) {
  const auto parsed = JsonCondition::parse(condition);
  REQUIRE_MESSAGE(parsed, parsed.error());
  return parsed->holds(payload);
}

}  // namespace

TEST_CASE("a JSON Pointer finds what RFC 6901 says it finds") {
  const std::string_view document =
      R"({ "foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7, "k\"l": 6, "deep": {"x": [ {"y": null} ]} })";
  CHECK(json_at(document, "/foo") == R"(["bar", "baz"])");
  CHECK(json_at(document, "/foo/0") == R"("bar")");
  CHECK(json_at(document, "/") == "0");
  CHECK(json_at(document, "/a~1b") == "1");
  CHECK(json_at(document, "/m~0n") == "8");
  CHECK(json_at(document, "/ ") == "7");
  CHECK(json_at(document, "/k\"l") == "6");
  CHECK(json_at(document, "/deep/x/0/y") == "null");
  CHECK(json_at(" 21.50 ", "") == "21.50");
  for (const char* nowhere : {"/foo/2", "/foo/-", "/foo/01", "/foo/0/x", "/bar", "/deep/x/y"}) {
    CHECK_FALSE(json_at(document, nowhere));
  }
  CHECK_FALSE(json_at("{\"a\":1", "/a"));
}

TEST_CASE("strings are read without their escapes") {
  CHECK(json_plain(R"("a\n\"\\\/\u00e4\ud83d\ude00")") == "a\n\"\\/\u00e4\U0001F600");
  CHECK(json_plain("1.50") == "1.50");
}

TEST_CASE("what is no JSON Pointer is told") {
  CHECK_FALSE(json_pointer_fault(""));
  CHECK_FALSE(json_pointer_fault("/a~0~1"));
  CHECK(json_pointer_fault("a") == "a JSON Pointer begins with /, such as /state or /list/0");
  CHECK(json_pointer_fault("/a~") == "in a JSON Pointer ~ is written ~0, and / within a name ~1");
}

TEST_CASE("JSON is laid out anew and its values stay as they are written") {
  CHECK(json_indented(R"({"a":[1.50,{}],"b":[],"c" : {"d":"x:,y"}})") ==
        "{\n  \"a\": [\n    1.50,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": \"x:,y\"\n  }\n}");
  CHECK(json_indented(" 9007199254740993 ") == "9007199254740993");
  CHECK_FALSE(json_indented("{"));
}

TEST_CASE("a condition compares numbers as numbers and texts as texts") {
  CHECK(holds("/state==done", R"({"state":"done"})"));
  CHECK(holds("/state==\"done\"", R"({"state":"done"})"));
  CHECK_FALSE(holds("/state==done", R"({"state":"failed"})"));
  CHECK_FALSE(holds("/state==done", R"({"status":"done"})"));
  CHECK(holds("/state!=done", R"({"state":"failed"})"));
  CHECK_FALSE(holds("/state!=done", R"({})"));
  CHECK(holds("/t==21.50", R"({"t":21.5})"));
  CHECK(holds("/t>=21.5", R"({"t":21.5})"));
  CHECK_FALSE(holds("/t>21.5", R"({"t":21.5})"));
  CHECK(holds("/t<22", R"({"t":21.5})"));
  CHECK(holds("/t<=22", R"({"t":21.5})"));
  CHECK_FALSE(holds("/t<22", R"({"t":"21.5"})"));
  CHECK(holds("/on==true", R"({"on":true})"));
  CHECK(holds("/on", R"({"on":false})"));
  CHECK(holds("==ON", "\"ON\""));
  CHECK_FALSE(holds("/on", "no JSON"));
}

TEST_CASE("a condition that cannot be is refused") {
  CHECK(JsonCondition::parse("state==1").error() == "a JSON Pointer begins with /, such as /state or /list/0");
  CHECK(JsonCondition::parse("/t>warm").error() == "'warm' is no number to compare with");
}

}  // namespace mqtk::cli
