// What a replay does to messages: when they are due, what their topics and payloads become.
#include <doctest/doctest.h>

#include "capture/json_edit.hpp"
#include "capture/replay_schedule.hpp"
#include "capture/topic_map.hpp"

using namespace mqtk;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

WallTime at(Duration time) { return WallTime{time}; }

std::string mapped(std::string_view rule, std::string_view topic) {
  TopicMap map;
  if (const auto added = map.add(rule); !added) return "refused: " + added.error();
  std::string changed;
  return std::string{map.apply(topic, changed)};
}

}  // namespace

TEST_CASE("messages are due as long after the first as they were recorded") {
  ReplaySchedule schedule{{}};
  CHECK(schedule.due(at(seconds{100})) == Duration{0});
  CHECK(schedule.due(at(seconds{101})) == seconds{1});
  CHECK(schedule.due(at(seconds{101})) == seconds{1});
  CHECK(schedule.due(at(milliseconds{102'500})) == milliseconds{2500});
}

TEST_CASE("speed divides times without adding up what rounding takes") {
  ReplaySchedule schedule{{.speed = 3}};
  Duration due{};
  for (int i = 0; i <= 3'000'000; ++i) due = schedule.due(at(i * Duration{1}));
  CHECK(due == Duration{1'000'000});
}

TEST_CASE("silences of the replay are shortened to the longest gap") {
  ReplaySchedule schedule{{.speed = 2, .longest_gap = seconds{1}}};
  CHECK(schedule.due(at(seconds{0})) == Duration{0});
  CHECK(schedule.due(at(seconds{1})) == milliseconds{500});
  CHECK(schedule.due(at(seconds{100})) == milliseconds{1500});
}

TEST_CASE("a message without a time, or from before its predecessor, is due at once") {
  ReplaySchedule schedule{{}};
  (void)schedule.due(at(seconds{10}));
  CHECK(schedule.due(at(seconds{12})) == seconds{2});
  CHECK(schedule.due(std::nullopt) == seconds{2});
  CHECK(schedule.due(at(seconds{5})) == seconds{2});
  CHECK(schedule.due(at(seconds{6})) == seconds{3});
}

TEST_CASE("between two passes lies the last gap, or the seam that was asked for") {
  for (const auto& [seam, first] : {std::pair<std::optional<Duration>, Duration>{std::nullopt, seconds{5}},
                                    std::pair<std::optional<Duration>, Duration>{seconds{10}, seconds{13}}}) {
    ReplaySchedule schedule{{}};
    (void)schedule.due(at(seconds{1}));
    (void)schedule.due(at(seconds{2}));
    (void)schedule.due(at(seconds{4}));
    schedule.begin_again(seam);
    CHECK(schedule.due(at(seconds{1})) == first);
    CHECK(schedule.due(at(seconds{2})) == first + seconds{1});
  }
}

TEST_CASE("a prefix rule changes whole levels at the front") {
  CHECK(mapped("a/b=c", "a/b") == "c");
  CHECK(mapped("a/b=c", "a/b/d") == "c/d");
  CHECK(mapped("a/b=c", "a/bc") == "a/bc");
  CHECK(mapped("=test/", "a") == "test/a");
}

TEST_CASE("an expression changes what it matches, with its groups") {
  CHECK(mapped("~room([0-9]+)/t$=house/\\1", "room12/t") == "house/12");
  CHECK(mapped("~^a=<\\0>", "ab") == "<a>b");
  CHECK(mapped("~x=\\\\", "x") == "\\");
  CHECK(mapped("~(=x", "a").starts_with("refused: the expression is not valid"));
  CHECK(mapped("nothing", "a") == "refused: not FROM=TO or ~REGEX=TO");
}

TEST_CASE("the first rule that matches counts") {
  TopicMap map;
  REQUIRE(map.add("a=1"));
  REQUIRE(map.add("~.*=2"));
  std::string changed;
  CHECK(map.apply("a/x", changed) == "1/x");
  CHECK(map.apply("b", changed) == "2");
}

TEST_CASE("a JSON value is replaced and every other character stays") {
  CHECK(set_json("{\"a\" : 1.10,\n\"b\":[1, 2]}", "/a", "7") == "{\"a\" : 7,\n\"b\":[1, 2]}");
  CHECK(set_json("{\"a\":{\"b\":\"x\"}}", "/a/b", "\"now\"") == "{\"a\":{\"b\":\"now\"}}");
  CHECK(set_json("[1, {\"x\":2} ,3]", "/1/x", "null") == "[1, {\"x\":null} ,3]");
  CHECK(set_json(" 5 ", "", "6") == " 6 ");
}

TEST_CASE("a member that is not there is added, and - adds to a list") {
  CHECK(set_json("{}", "/a", "1") == "{\"a\":1}");
  CHECK(set_json("{\"x\":1}", "/a\n", "1") == "{\"x\":1,\"a\\n\":1}");
  CHECK(set_json("[]", "/-", "1") == "[1]");
  CHECK(set_json("[0]", "/-", "1") == "[0,1]");
}

TEST_CASE("keys are compared as what they mean") {
  CHECK(set_json("{\"\\u0061/\\n~\":1}", "/a~1\n~0", "2") == "{\"\\u0061/\\n~\":2}");
  CHECK(set_json("{\"\\ud83d\\ude00\":1}", "/\xF0\x9F\x98\x80", "2") == "{\"\\ud83d\\ude00\":2}");
}

TEST_CASE("brackets and quotes inside strings are no structure") {
  CHECK(set_json("{\"a\":\"}\\\"]\",\"b\":1}", "/b", "2") == "{\"a\":\"}\\\"]\",\"b\":2}");
}

TEST_CASE("what is no JSON, or has no such place, gives nothing") {
  CHECK(!set_json("{\"a\":", "/a", "1"));
  CHECK(!set_json("{\"a\":1}", "/a/b", "1"));
  CHECK(!set_json("{\"a\":{}}", "/x/b", "1"));
  CHECK(!set_json("[1]", "/1", "1"));
  CHECK(!set_json("[1]", "/x", "1"));
  CHECK(!set_json("1", "a", "1"));
}
