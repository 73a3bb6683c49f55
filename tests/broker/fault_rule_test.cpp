#include "broker/fault_rule.hpp"

#include <doctest/doctest.h>

#include "broker/fault_answer.hpp"
#include "broker/fault_rules.hpp"

namespace mqtk {
namespace {

std::string error_of(std::string_view text) {
  const auto rule = parse_fault_rule(text);
  return rule ? "" : rule.error();
}

Packet publish_packet(std::string_view topic, QoS qos = QoS::at_most_once) {
  Publish publish;
  publish.topic_name = topic;
  publish.qos = qos;
  publish.packet_identifier = 0x0102;
  return publish;
}

FaultRules rules_of(std::initializer_list<std::string_view> texts) {
  FaultRules rules;
  for (const std::string_view text : texts) rules.add(*parse_fault_rule(text));
  return rules;
}

// Which of `count` PUBLISH packets to the broker are struck, as x and dots.
std::string strikes(FaultRules& rules, int count, std::string_view client = "a", std::string_view topic = "t") {
  std::string marks;
  const Packet packet = publish_packet(topic);
  for (int i = 0; i < count; ++i) {
    marks += rules.strike(client, packet, PacketType::publish, PacketDirection::to_broker) != nullptr ? 'x' : '.';
  }
  return marks;
}

TEST_CASE("a rule says what happens, to which packets and when") {
  const auto rule = parse_fault_rule(
      "delay=200ms client=sensor-* packet=publish direction=to-client topic=a/# after=3 count=2 "
      "probability=0.5 seed=7");
  REQUIRE(rule);
  CHECK(rule->kind == FaultRule::Kind::delay);
  CHECK(rule->time == std::chrono::milliseconds{200});
  CHECK(rule->client == "sensor-*");
  CHECK(rule->packet == PacketType::publish);
  CHECK(rule->direction == PacketDirection::to_client);
  CHECK(rule->topic_filter == "a/#");
  CHECK(rule->after == 3);
  CHECK(rule->count == 2);
  CHECK(rule->probability == 0.5);
  CHECK(rule->seed == 7);
}

TEST_CASE("codes are decimal or hexadecimal, and optional values may be missing") {
  CHECK(parse_fault_rule("refuse=0x87")->reason_code == 0x87);
  CHECK(parse_fault_rule("refuse=135")->reason_code == 0x87);
  CHECK(parse_fault_rule("refuse=1")->packet == PacketType::connect);
  CHECK_FALSE(parse_fault_rule("stall")->time);
  CHECK_FALSE(parse_fault_rule("cut")->number);
  CHECK(parse_fault_rule("  cut=3\tclient=a ")->number == 3);
}

TEST_CASE("what is wrong with a rule is told") {
  CHECK(error_of("") == "the rule is empty");
  CHECK(error_of("explode").starts_with("unknown fault 'explode': not one of refuse, answer"));
  CHECK(error_of("drop=1") == "drop takes no value");
  CHECK(error_of("delay") == "delay needs a value: delay=…");
  CHECK(error_of("delay=soon") == "delay 'soon' is no time such as 500ms or 2s");
  CHECK(error_of("refuse=256") == "refuse '256' is not a number from 0 to 255");
  CHECK(error_of("refuse=0x87 packet=publish") == "refuse is about CONNECT only");
  CHECK(error_of("receive-maximum=3 packet=suback") == "receive-maximum is about CONNACK only");
  CHECK(error_of("answer=0x87 packet=connect") == "answer is about PUBLISH, SUBSCRIBE and UNSUBSCRIBE only");
  CHECK(error_of("answer=0x87 direction=to-client") == "answer is about packets to-broker only");
  CHECK(error_of("withhold packet=publish") == "withhold is about PUBACK, PUBREC, PUBCOMP, SUBACK and UNSUBACK only");
  CHECK(error_of("withhold topic=a/#") == "topic: acknowledgements have no topic");
  CHECK(error_of("drop packet=puback topic=a") == "topic: PUBACK has no topic");
  CHECK(error_of("drop packet=suback direction=to-broker") == "no SUBACK goes to-broker");
  CHECK(error_of("drop direction=to-client packet=connect") == "no CONNECT goes to-client");
  CHECK(error_of("receive-maximum=0") == "receive-maximum '0' is not a number from 1 to 65535");
  CHECK(error_of("drop client") == "'client' has no value");
  CHECK(error_of("drop packet=letter") == "'letter' is no packet type");
  CHECK(error_of("drop direction=up") == "direction 'up' is neither to-broker nor to-client");
  CHECK(error_of("drop topic=a/#/b") == "'a/#/b' is no Topic Filter");
  CHECK(error_of("drop probability=2") == "probability '2' is not a number from 0 to 1");
  CHECK(error_of("drop probability=nan") == "probability 'nan' is not a number from 0 to 1");
  CHECK(error_of("drop colour=red").starts_with("unknown word 'colour'"));
  CHECK(error_of("drop client=\xff") == "the rule is not valid UTF-8");
}

TEST_CASE("a * in a pattern is any text") {
  CHECK(matches_pattern("*", ""));
  CHECK(matches_pattern("a*c", "abbc"));
  CHECK(matches_pattern("a*b*c", "axbxbxc"));
  CHECK(matches_pattern("ab", "ab"));
  CHECK_FALSE(matches_pattern("ab", "abc"));
  CHECK_FALSE(matches_pattern("a*c", "abcd"));
  CHECK_FALSE(matches_pattern("", "a"));
}

TEST_CASE("a rule lets some packets pass first and strikes so often") {
  FaultRules rules = rules_of({"drop after=2 count=3"});
  CHECK(strikes(rules, 8) == "..xxx...");
  CHECK(rules.entries()[0].met == 8);
  CHECK(rules.entries()[0].injected == 3);
}

TEST_CASE("a rule is about its client and its topic only") {
  FaultRules rules = rules_of({"drop client=sensor-* topic=a/+"});
  CHECK(strikes(rules, 1, "sensor-1", "a/b") == "x");
  CHECK(strikes(rules, 1, "other", "a/b") == ".");
  CHECK(strikes(rules, 1, "sensor-1", "b") == ".");
  CHECK(rules.entries()[0].met == 1);
}

TEST_CASE("the same seed gives the same accidents, another one others") {
  FaultRules first = rules_of({"drop probability=0.5 seed=1"});
  FaultRules again = rules_of({"drop probability=0.5 seed=1"});
  FaultRules other = rules_of({"drop probability=0.5 seed=2"});
  const std::string marks = strikes(first, 64);
  CHECK(strikes(again, 64) == marks);
  CHECK(strikes(other, 64) != marks);
  CHECK(marks.find('x') != std::string::npos);
  CHECK(marks.find('.') != std::string::npos);
}

TEST_CASE("the first rule that strikes counts") {
  FaultRules rules = rules_of({"drop count=1", "duplicate"});
  const Packet packet = publish_packet("t");
  const auto kind = [&] {
    return rules.strike("a", packet, PacketType::publish, PacketDirection::to_broker)->rule.kind;
  };
  CHECK(kind() == FaultRule::Kind::drop);
  CHECK(kind() == FaultRule::Kind::duplicate);
}

TEST_CASE("withheld are acknowledgements, answered are requests only") {
  FaultRules rules = rules_of({"withhold", "answer=0x80"});
  const auto struck = [&](const Packet& packet, PacketType type, PacketDirection direction) {
    return rules.strike("a", packet, type, direction) != nullptr;
  };
  CHECK(struck(Puback{}, PacketType::puback, PacketDirection::to_client));
  CHECK_FALSE(struck(Puback{}, PacketType::puback, PacketDirection::to_broker));
  CHECK_FALSE(struck(Pingresp{}, PacketType::pingresp, PacketDirection::to_client));
  CHECK(struck(publish_packet("t", QoS::at_least_once), PacketType::publish, PacketDirection::to_broker));
  CHECK_FALSE(struck(publish_packet("t"), PacketType::publish, PacketDirection::to_broker));
  CHECK(struck(Subscribe{}, PacketType::subscribe, PacketDirection::to_broker));
}

TEST_CASE("answers carry the code that was asked for") {
  using namespace std::string_literals;
  CHECK(raw_connack(Version::v5, 0x87) == "\x20\x03\x00\x87\x00"s);
  CHECK(raw_connack(Version::v3_1_1, 5) == "\x20\x02\x00\x05"s);
  CHECK(raw_disconnect(Version::v5, 0x8B) == "\xE0\x01\x8B"s);
  CHECK(raw_disconnect(Version::v3_1_1, 0x8B).empty());
  CHECK(raw_answer(publish_packet("t", QoS::at_least_once), Version::v5, 0x97) == "\x40\x03\x01\x02\x97"s);
  CHECK(raw_answer(publish_packet("t", QoS::exactly_once), Version::v3_1_1, 0x97) == "\x50\x02\x01\x02"s);
}

}  // namespace
}  // namespace mqtk
