#include "cli/message_template.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace mqtk;
using mqtk::cli::MessageTemplate;

namespace {

// 2026-11-20T23:56:54.000000789Z
constexpr WallTime moment{std::chrono::seconds{1'795'219'014} + std::chrono::nanoseconds{789}};

struct Message {
  Message() {
    properties.add(PropertyId::payload_format_indicator, 1)
        .add(PropertyId::message_expiry_interval, 60)
        .add(PropertyId::content_type, "text/plain")
        .add(PropertyId::response_topic, "answer/here")
        .add(PropertyId::correlation_data, std::string_view("\x01\x00z", 3))
        .add(PropertyId::subscription_identifier, 5)
        .add_user_property("k", "v")
        .add_user_property("k", "w");
    publish.topic_name = "room/temp";
    publish.payload = as_bytes("21.5");
    publish.qos = QoS::at_least_once;
    publish.packet_identifier = 7;
    publish.retain = true;
    publish.properties = properties.block();
  }
  PropertyWriter properties;
  Publish publish;
};

std::string print(std::string_view text, const Publish& publish) {
  const auto parsed = MessageTemplate::parse(text);
  REQUIRE(parsed);
  std::string out;
  parsed->append(out, publish, moment);
  return out;
}

std::string print(std::string_view text) {
  const Message message;
  return print(text, message.publish);
}

void use_utc() {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

}  // namespace

TEST_CASE("each letter prints its field of the message") {
  CHECK(print("%t|%p|%q|%r|%l|%m") == "room/temp|21.5|1|1|4|7");
  CHECK(print("%C|%R|%E|%F|%S|%P") == "text/plain|answer/here|60|1|5|k:v k:w");
  CHECK(print("%D") == std::string("\x01\x00z", 3));
  CHECK(print("%x %X") == "32312e35 32312E35");
  CHECK(print("100%%") == "100%");
}

TEST_CASE("a property that the message lacks prints nothing") {
  const Publish bare{};
  CHECK(print("[%C%R%E%F%S%P%D%A]", bare) == "[]");
  CHECK(print("[%3C]", bare) == "[   ]");
}

TEST_CASE("width pads on the left, with - on the right, with 0 numbers and payloads get zeros") {
  CHECK(print("[%6p][%-6p][%06p]") == "[  21.5][21.5  ][0021.5]");
  CHECK(print("[%3l][%03l][%-3l]") == "[  4][004][4  ]");
  CHECK(print("[%012t]") == "[   room/temp]");
}

TEST_CASE("precision cuts texts and groups hex digits") {
  CHECK(print("%.4t|%.4C") == "room|text");
  CHECK(print("%.2x") == "32 31 2e 35");
  CHECK(print("%.4:X") == "3231:2E35");
}

TEST_CASE("f and d read the payload as a float in this machine's order") {
  Publish publish;
  const float single = 1.5F;
  publish.payload = {reinterpret_cast<const std::uint8_t*>(&single), sizeof single};
  CHECK(print("%f|%.2f|%d", publish) == "1.500000|1.50|");
  const double twice = 2.25;
  publish.payload = {reinterpret_cast<const std::uint8_t*>(&twice), sizeof twice};
  CHECK(print("%.1d", publish) == "2.2");
}

TEST_CASE("times come in local time, as seconds since 1970 and through strftime") {
  use_utc();
  CHECK(print("%I") == "2026-11-20T23:56:54+0000");
  CHECK(print("%U") == "1795219014.000000789");
  CHECK(print("@Y-@m-@d @H:@M:@S.@N @@") == "2026-11-20 23:56:54.000000789 @");
}

TEST_CASE("escapes stand for control characters") {
  CHECK(print("a\\tb\\n\\\\\\0\\e") == std::string("a\tb\n\\\0\x1b", 7));
}

TEST_CASE("what is no template is refused, with the reason") {
  CHECK(MessageTemplate::parse("%z").error() == "%z is no field; the fields are %ACDEFIJPRSUdfjlmpqrtxX");
  CHECK(MessageTemplate::parse("abc%").error() == "nothing follows the last %; write %%");
  CHECK(MessageTemplate::parse("%-5").error() == "the last % names no field");
  CHECK(MessageTemplate::parse("\\q").error() == "\\q is unknown; \\\\ \\0 \\a \\e \\n \\r \\t \\v are not");
  CHECK(MessageTemplate::parse("@").error() == "nothing follows the last @; write @@");
  CHECK(MessageTemplate::parse("%99999999999t").error() == "a width or precision is above 10000");
}

TEST_CASE("j prints all as JSON with mosquitto's keys, J with the payload's own JSON") {
  use_utc();
  CHECK(print("%j") ==
        R"({"tst":"2026-11-20T23:56:54.000000+0000","topic":"room/temp","qos":1,"retain":1,"payloadlen":4,"mid":7,)"
        R"("properties":{"payload-format-indicator":1,"message-expiry-interval":60,"content-type":"text/plain",)"
        R"("response-topic":"answer/here","correlation-data_base64":"AQB6","subscription-identifier":5,)"
        R"("user-properties":{"k":"v","k":"w"}},"payload":"21.5"})");
  Publish message;
  message.topic_name = "a";
  message.payload = as_bytes("{\"n\":1.50,\n\"m\":9007199254740993}");
  CHECK(print("%J", message) == R"({"tst":"2026-11-20T23:56:54.000000+0000","topic":"a","qos":0,"retain":0,)"
                                R"("payloadlen":32,"payload":{"n":1.50, "m":9007199254740993}})");
  message.payload = as_bytes(std::string_view("\0\xff", 2));
  CHECK(print("%j", message).ends_with(R"("payloadlen":2,"payload_base64":"AP8="})"));
  message.payload = {};
  CHECK(print("%J", message).ends_with(R"("payloadlen":0,"payload":null})"));
}
