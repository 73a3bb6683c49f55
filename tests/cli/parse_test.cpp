#include <doctest/doctest.h>

#include <cstdlib>

#include "cli/option_table.hpp"
#include "cli/setters.hpp"

using namespace mqtk;
using namespace mqtk::cli;

namespace {

struct Options {
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  int verbosity = 0;
  std::string message = "unset";
  std::vector<std::string> order;
  std::vector<std::string> words;
  std::vector<std::string> properties;
};

OptionTable table_for(Options& options) {
  OptionTable table{ProgramText{.name = "mqtk-example", .summary = "", .synopsis = {}, .description = ""}};
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "TOPIC",
             .help = "",
             .environment = "MQTK_TEST_TOPIC",
             .set = [&options](std::string_view value) -> Accepted {
               options.topic = value;
               options.order.push_back("t" + std::string{value});
               return {};
             }});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "",
             .set = [&options, set = store(options.qos)](std::string_view value) -> Accepted {
               options.order.push_back("q" + std::string{value});
               return set(value);
             }});
  table.add({.long_name = "retain", .short_letter = 'r', .help = "", .set = set_true(options.retain)});
  table.add({.long_name = "verbose", .short_letter = 'v', .help = "", .set = count(options.verbosity)});
  table.add({.long_name = "message",
             .short_letter = 'm',
             .value = "TEXT",
             .help = "",
             .aliases = {"payload"},
             .set = store(options.message)});
  table.add({.long_name = "property",
             .short_letter = 'D',
             .value = "PACKET NAME VALUE",
             .help = "",
             .word_count = [](const std::vector<std::string>& following) -> std::size_t {
               return !following.empty() && following.front() == "user-property" ? 3U : 2U;
             },
             .set = append(options.properties)});
  table.add(Positional{.value = "FILE", .help = "", .repeatable = true, .set = append(options.words)});
  return table;
}

Accepted parse_into(Options& options, const std::vector<std::string>& arguments) {
  return parse(table_for(options), arguments);
}

std::string refusal(const std::vector<std::string>& arguments) {
  Options options;
  const Accepted accepted = parse_into(options, arguments);
  return accepted ? "accepted" : accepted.error();
}

}  // namespace

TEST_CASE("long, short, joined and clustered forms are the same") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--topic", "a/b", "--qos", "1", "--retain"},
        {"--topic=a/b", "--qos=1", "--retain"},
        {"-t", "a/b", "-q", "1", "-r"},
        {"-ta/b", "-q1", "-r"},
        {"-rta/b", "-q1"},
        {"-rq", "1", "-t", "a/b"}}) {
    Options options;
    REQUIRE(parse_into(options, arguments));
    CHECK(options.topic == "a/b");
    CHECK(options.qos == QoS::at_least_once);
    CHECK(options.retain);
  }
}

TEST_CASE("values may look like options, be empty or hold what the parser uses itself") {
  for (const std::string value :
       {"-r", "--", "--retain", "--topic=", "", "[a,b]", "{}", "%%", "a=b", " ", "-5", "\n"}) {
    CAPTURE(value);
    Options options;
    REQUIRE(parse_into(options, {"-m", value, "-t", "x"}));
    CHECK(options.message == value);
    CHECK(options.topic == "x");
    CHECK_FALSE(options.retain);

    Options joined;
    REQUIRE(parse_into(joined, {"--message=" + value, "-t", "x"}));
    CHECK(joined.message == value);
    CHECK(joined.topic == "x");
  }
}

TEST_CASE("setters run in the order of the command line") {
  Options options;
  REQUIRE(parse_into(options, {"-t", "a", "-q", "1", "-t", "b", "--qos=2"}));
  CHECK(options.order == std::vector<std::string>{"ta", "q1", "tb", "q2"});
}

TEST_CASE("a repeated flag counts, joined or not") {
  Options options;
  REQUIRE(parse_into(options, {"-vv", "--verbose"}));
  CHECK(options.verbosity == 3);
}

TEST_CASE("an alias is accepted") {
  Options options;
  REQUIRE(parse_into(options, {"--payload", "x"}));
  CHECK(options.message == "x");
}

TEST_CASE("an option of several words takes them whatever they look like") {
  Options options;
  REQUIRE(parse_into(options, {"-D", "publish", "user-property", "-t", "--retain", "-D", "publish", "content-type",
                               "--topic=", "-t", "x"}));
  CHECK(options.properties == std::vector<std::string>{"publish\x1fuser-property\x1f-t\x1f--retain",
                                                       "publish\x1f"
                                                       "content-type\x1f--topic="});
  CHECK(options.topic == "x");
  CHECK_FALSE(options.retain);
}

TEST_CASE("words without an option keep their order, and everything after -- is a word") {
  Options options;
  REQUIRE(parse_into(options, {"one", "-r", "-", "--", "--topic", "-v", "--", "--message="}));
  CHECK(options.words == std::vector<std::string>{"one", "-", "--topic", "-v", "--", "--message="});
  CHECK(options.verbosity == 0);
}

TEST_CASE("the environment fills in what the command line leaves open") {
  ::setenv("MQTK_TEST_TOPIC", "from/environment", 1);
  Options without;
  REQUIRE(parse_into(without, {}));
  CHECK(without.topic == "from/environment");
  Options with;
  REQUIRE(parse_into(with, {"-t", "mine"}));
  CHECK(with.topic == "mine");
  ::unsetenv("MQTK_TEST_TOPIC");
}

TEST_CASE("refusals name the option, the reason and the remedy") {
  CHECK(refusal({"--topci", "x"}) == "unknown option '--topci'; did you mean '--topic'?");
  CHECK(refusal({"--bogus"}) == "unknown option '--bogus'; --help lists all options");
  CHECK(refusal({"--xyzzy=1"}) == "unknown option '--xyzzy'; --help lists all options");
  CHECK(refusal({"-Z"}) == "unknown option '-Z'; --help lists all options");
  CHECK(refusal({"-r", "-t"}) == "'-t' needs a value: TOPIC");
  CHECK(refusal({"--message"}) == "'--message' needs a value: TEXT");
  CHECK(refusal({"--retain=yes"}) == "--retain takes no value; leave out '=yes'");
  CHECK(refusal({"-q", "3"}) == "--qos '3': not one of 0, 1, 2");
  CHECK(refusal({"-q", ""}) == "--qos '': not one of 0, 1, 2");
}

TEST_CASE("the first refused value is told") {
  CHECK(refusal({"-q", "7", "-q", "8"}) == "--qos '7': not one of 0, 1, 2");
}

TEST_CASE("a word that no option takes is refused where the program takes none") {
  OptionTable table{ProgramText{.name = "mqtk-example", .summary = "", .synopsis = {}, .description = ""}};
  const Accepted accepted = parse(table, {"stray"});
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error() == "unexpected word 'stray'; --help lists what is understood");
}

TEST_CASE("checks run after all values are set") {
  Options options;
  OptionTable table = table_for(options);
  table.check([&options]() -> Accepted {
    if (options.topic.empty()) return std::unexpected("no topic; give one with --topic");
    return {};
  });
  CHECK(parse(table, {"-m", "x"}).error() == "no topic; give one with --topic");
  CHECK(parse(table, {"-t", "x"}).has_value());
}

TEST_CASE("a long line of arguments takes no longer than its length asks for") {
  Options options;
  std::vector<std::string> arguments;
  for (int i = 0; i < 20'000; ++i) {
    arguments.emplace_back("-t");
    arguments.emplace_back("x");
  }
  REQUIRE(parse_into(options, arguments));
  CHECK(options.order.size() == 20'000);
}
