#include "codec/topic.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtk;

TEST_CASE("filters match as the examples of the specification say") {
  // 5.0 section 4.7.1.2 and 4.7.1.3
  CHECK(topic_matches("sport/tennis/player1/#", "sport/tennis/player1"));
  CHECK(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
  CHECK(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  CHECK(topic_matches("sport/#", "sport"));
  CHECK(topic_matches("#", "sport/a"));
  CHECK(topic_matches("sport/tennis/+", "sport/tennis/player1"));
  CHECK_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  CHECK_FALSE(topic_matches("sport/+", "sport"));
  CHECK(topic_matches("sport/+", "sport/"));
  CHECK(topic_matches("+/+", "/finance"));
  CHECK(topic_matches("/+", "/finance"));
  CHECK_FALSE(topic_matches("+", "/finance"));
}

TEST_CASE("a leading wildcard matches no topic that begins with $ [MQTT-4.7.2-1]") {
  CHECK_FALSE(topic_matches("#", "$SYS/uptime"));
  CHECK_FALSE(topic_matches("+/uptime", "$SYS/uptime"));
  CHECK(topic_matches("$SYS/#", "$SYS/uptime"));
  CHECK(topic_matches("$SYS/+", "$SYS/uptime"));
}

TEST_CASE("empty levels count, and case matters") {
  CHECK(topic_matches("a//b", "a//b"));
  CHECK_FALSE(topic_matches("a/b", "a//b"));
  CHECK(topic_matches("a/+/b", "a//b"));
  CHECK_FALSE(topic_matches("ACCOUNTS", "Accounts"));
  CHECK_FALSE(topic_matches("a", "a/"));
  CHECK_FALSE(topic_matches("a/#", "ab"));
}

TEST_CASE("misplaced wildcards are named with their place") {
  CHECK(TopicFilter::check("a/b#", Version::v5) == Fault{Rule::multi_level_wildcard_misplaced, 3});
  CHECK(TopicFilter::check("a/#/b", Version::v5) == Fault{Rule::multi_level_wildcard_misplaced, 2});
  CHECK(TopicFilter::check("a/+b", Version::v3_1_1) == Fault{Rule::single_level_wildcard_misplaced, 2});
  CHECK_FALSE(TopicFilter::check("+/a/+/#", Version::v5));
  CHECK(TopicFilter::check("", Version::v5) == Fault{Rule::topic_filter_empty, 0});
  CHECK(TopicFilter::check(std::string(70'000, 'a'), Version::v5).rule == Rule::packet_too_long);
}

TEST_CASE("a shared filter has a name without wildcards and a filter behind it") {
  const auto filter = TopicFilter::from("$share/group/a/+", Version::v5);
  REQUIRE(filter);
  CHECK(filter->share_name() == "group");
  CHECK(filter->filter() == "a/+");
  CHECK(TopicFilter::check("$share/", Version::v5).rule == Rule::share_name_empty);
  CHECK(TopicFilter::check("$share/g", Version::v5).rule == Rule::share_name_invalid);
  CHECK(TopicFilter::check("$share/g/", Version::v5).rule == Rule::share_name_invalid);
  CHECK(TopicFilter::check("$share/g+/a", Version::v5) == Fault{Rule::share_name_invalid, 8});
  CHECK_FALSE(TopicFilter::from("$share/g/a", Version::v3_1_1)->is_shared());
}

TEST_CASE("wildcards are found anywhere in a long topic") {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string topic(40, '"');  // next to # in ASCII
    topic[at] = at % 2 == 0 ? '#' : '+';
    CHECK(find_wildcard(topic) == at);
  }
  CHECK(find_wildcard("a/b,c*d$e/long enough for words") == std::string_view::npos);
}
