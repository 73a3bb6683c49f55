#include "load/text_template.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

namespace {

constexpr auto places = TextTemplate::Braces::are_places;
constexpr auto text = TextTemplate::Braces::are_text;

ValueTable people() { return *ValueTable::parse_csv("name,city\nAda,London\nEmmy,Erlangen\n"); }

}  // namespace

TEST_CASE("numbers of the client, of all clients and of the message stand where they are asked for") {
  const auto parsed = TextTemplate::parse("site/{i}/{client}/{n}", places);
  REQUIRE(parsed);
  CHECK(parsed->text({.number = 3, .client = 103, .message = 7}) == "site/3/103/7");
  CHECK(parsed->varies());
  CHECK(parsed->differs_by_client());
}

TEST_CASE("a template without message, time, random or row is the same for every message") {
  CHECK_FALSE(TextTemplate::parse("a/{i}", places)->varies());
  CHECK_FALSE(TextTemplate::parse("a/b", places)->differs_by_client());
  CHECK(TextTemplate::parse("a/{time}", places)->varies());
}

TEST_CASE("time is milliseconds since 1970, or RFC 3339") {
  const WallTime time{std::chrono::milliseconds{1'700'000'000'123}};
  CHECK(TextTemplate::parse("{time}", places)->text({.time = time}) == "1700000000123");
  CHECK(TextTemplate::parse("{time:rfc3339}", places)->text({.time = time}) == "2023-11-14T22:13:20.123000000Z");
}

TEST_CASE("random numbers stay in their range and reach its ends") {
  const auto parsed = TextTemplate::parse("{random:20-22}", places);
  std::uint64_t state = 1;
  bool seen[3] = {};
  for (int i = 0; i < 200; ++i) {
    const std::string value = parsed->text({.random = &state});
    REQUIRE(value.size() == 2);
    REQUIRE(value[0] == '2');
    REQUIRE(value[1] >= '0');
    REQUIRE(value[1] <= '2');
    seen[value[1] - '0'] = true;
  }
  CHECK((seen[0] && seen[1] && seen[2]));
}

TEST_CASE("columns come from the row of the client or of the message, and rows start over") {
  const ValueTable table = people();
  const auto by_client = TextTemplate::parse("{client:name}", places, &table);
  CHECK(by_client->text({.number = 1, .table = &table}) == "Emmy");
  CHECK(by_client->text({.number = 2, .table = &table}) == "Ada");
  const auto by_message = TextTemplate::parse("{row:city}", places, &table);
  CHECK(by_message->text({.number = 0, .message = 3, .table = &table}) == "Erlangen");
}

TEST_CASE("in a JSON template other braces are text") {
  const auto parsed = TextTemplate::parse(R"({"n":{n},"v":{"x":{}}})", text);
  REQUIRE(parsed);
  CHECK(parsed->text({.message = 5}) == R"({"n":5,"v":{"x":{}}})");
}

TEST_CASE("columns in the strings of a JSON template are escaped as these need it, others are as they are") {
  const ValueTable table = *ValueTable::parse_csv("name,data\n\"A \"\"x\"\"\\B\",\"[\"\"y\"\"]\"\n");
  const auto filled = [&](std::string_view source, TextTemplate::Braces braces) {
    return TextTemplate::parse(source, braces, &table)->text({.table = &table});
  };
  constexpr auto json = TextTemplate::Braces::are_text_or_json;
  CHECK(filled(R"({"who":"is {client:name}","\"{row:name}":{row:data},"n":"{row:name}"})", json) ==
        R"({"who":"is A \"x\"\\B","\"A \"x\"\\B":["y"],"n":"A \"x\"\\B"})");
  CHECK(filled(R"(["{row:data}"])", json) == R"(["[\"y\"]"])");
  CHECK(filled(R"(say "{client:name}")", json) == R"(say "A "x"\B")");
  CHECK(filled(R"({"who":"{client:name}"})", text) == R"({"who":"A "x"\B"})");
}

TEST_CASE("in a topic other braces are a mistake, and what is wrong is told") {
  CHECK(TextTemplate::parse("a/{x}", places).error().find("'{x}'") == 0);
  CHECK_FALSE(TextTemplate::parse("a/{", places));
  CHECK_FALSE(TextTemplate::parse("{random:0}", places));
  CHECK_FALSE(TextTemplate::parse("{random:9-3}", places));
  const ValueTable table = people();
  CHECK(TextTemplate::parse("{row:age}", places, &table).error().find("name, city") != std::string::npos);
  CHECK(TextTemplate::parse("{row:age}", places).error().find("CSV") != std::string::npos);
}

TEST_CASE("CSV has quoted fields with commas, quotes and line breaks") {
  const auto table = ValueTable::parse_csv("a,b\r\n\"x,y\",\"say \"\"hi\"\"\"\r\n\"two\nlines\",2");
  REQUIRE(table);
  CHECK(table->rows() == 2);
  CHECK(table->at(0, 0) == "x,y");
  CHECK(table->at(0, 1) == "say \"hi\"");
  CHECK(table->at(1, 0) == "two\nlines");
  CHECK(table->at(1, 1) == "2");
}

TEST_CASE("CSV that is wrong says in which line") {
  CHECK(ValueTable::parse_csv("a,b\n1,2\n3\n").error().find("line 3") == 0);
  CHECK(ValueTable::parse_csv("a\n\"never closed\n").error().find("line 2") == 0);
  CHECK_FALSE(ValueTable::parse_csv("a,b\n"));
  CHECK_FALSE(ValueTable::parse_csv(""));
}
