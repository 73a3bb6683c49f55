#include "broker/expectation.hpp"

#include <doctest/doctest.h>

using mqtk::as_bytes;
using mqtk::Expectation;
using mqtk::Publish;
using mqtk::QoS;

namespace {

Publish message(std::string_view topic, std::string_view payload = "", QoS qos = QoS::at_most_once) {
  Publish publish;
  publish.topic_name = topic;
  publish.payload = as_bytes(payload);
  publish.qos = qos;
  return publish;
}

std::string error_of(std::string_view json) {
  const auto parsed = Expectation::parse(json);
  return parsed ? "" : parsed.error();
}

}  // namespace

TEST_CASE("an entry without counts wants at least one message") {
  auto expectation = Expectation::parse(R"({"messages":[{"topic":"a/+"}]})").value();
  CHECK(!expectation.fulfilled());
  CHECK(expectation.complaints() == std::vector<std::string>{"expected at least 1 message to 'a/+', 0 came"});
  expectation.on_message("c", message("b"));
  CHECK(!expectation.fulfilled());
  expectation.on_message("c", message("a/1"));
  CHECK(expectation.settled());
}

TEST_CASE("payload, QoS, RETAIN and client narrow an entry down") {
  auto expectation = Expectation::parse(R"({"messages":[
      {"topic":"a","payload":"x","qos":1,"retain":false,"client_identifier":"c"},
      {"topic":"a","payload_base64":"AP8="}]})")
                         .value();
  expectation.on_message("other", message("a", "x", QoS::at_least_once));
  expectation.on_message("c", message("a", "y", QoS::at_least_once));
  expectation.on_message("c", message("a", "x"));
  CHECK(expectation.complaints().size() == 2);
  CHECK(
      expectation.complaints()[0] ==
      "expected at least 1 message to 'a' with a certain payload of 1 bytes at QoS 1 without RETAIN from 'c', 0 came");
  expectation.on_message("c", message("a", "x", QoS::at_least_once));
  expectation.on_message("", message("a", std::string_view{"\0\xFF", 2}));
  CHECK(expectation.fulfilled());
}

TEST_CASE("an exact count is settled only when time is over, and hopeless when one too many came") {
  auto expectation = Expectation::parse(R"({"within":"2s","messages":[{"topic":"a","count":2}]})").value();
  CHECK(expectation.within() == std::chrono::seconds{2});
  expectation.on_message("", message("a"));
  expectation.on_message("", message("a"));
  CHECK(expectation.fulfilled());
  CHECK(!expectation.settled());
  CHECK(!expectation.hopeless());
  expectation.on_message("", message("a"));
  CHECK(expectation.hopeless());
  CHECK(expectation.complaints() == std::vector<std::string>{"expected 2 messages to 'a', 3 came"});
}

TEST_CASE("in order: the first message of each entry comes after that of the one before") {
  constexpr std::string_view text =
      R"({"in_order":true,"messages":[{"topic":"a"},{"topic":"none","count":0},{"topic":"b"}]})";
  auto right = Expectation::parse(text).value();
  right.on_message("", message("a"));
  right.on_message("", message("b"));
  right.on_message("", message("a"));
  CHECK(right.fulfilled());
  auto wrong = Expectation::parse(text).value();
  wrong.on_message("", message("b"));
  CHECK(wrong.hopeless());
  wrong.on_message("", message("a"));
  CHECK(wrong.complaints() ==
        std::vector<std::string>{"expected at least 1 message to 'b' only after those before it in the list"});
}

TEST_CASE("what is wrong in the file is said with its place") {
  CHECK(error_of("{") == "not JSON");
  CHECK(error_of("[]") == "not a JSON object");
  CHECK(error_of(R"({"messages":[]})") == "messages: a list with at least one message is needed");
  CHECK(error_of(R"({"messages":[{"topic":"a"},{"topic":"a","qos":3}]})") ==
        "messages[1].qos: not a number from 0 to 2");
  CHECK(error_of(R"({"messages":[{"topic":"a/#/b"}]})") == "messages[0].topic: a Topic Filter is needed");
  CHECK(error_of(R"({"messages":[{"topic":"a","cuont":1}]})") == "messages[0]: no member is called 'cuont'");
  CHECK(error_of(R"({"messages":[{"topic":"a","count":1,"at_most":2}]})") ==
        "messages[0]: count excludes at_least and at_most");
  CHECK(error_of(R"({"messages":[{"topic":"a","at_least":3,"at_most":2}]})") ==
        "messages[0]: at_least is above at_most");
  CHECK(error_of(R"({"within":"soon","messages":[{"topic":"a"}]})") == "within: not a time such as \"10s\"");
  CHECK(error_of(R"({"messages":[{"topic":"a","payload_base64":"?"}]})") == "messages[0].payload_base64: not base64");
}
