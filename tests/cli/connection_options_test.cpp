#include "cli/connection_options.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "base/hex.hpp"

using namespace mqtk;
using namespace mqtk::cli;

namespace {

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

// What the options say, or why they are refused.
struct Outcome {
  ConnectionOptions options;
  std::string refusal;
};

Outcome outcome_of(const Arguments& arguments, const Environment& environment = {}) {
  for (const char* name : {"MQTK_URL", "MQTK_HOST", "MQTK_PORT", "MQTK_USER_NAME", "MQTK_PASSWORD"}) ::unsetenv(name);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  Outcome outcome;
  OptionTable table{ProgramText{.name = "mqtk-example", .summary = "", .synopsis = {}, .description = ""}};
  add_connection_options(table, outcome.options,
                         {.property_scopes = {PropertyScope::connect, PropertyScope::publish, PropertyScope::will,
                                              PropertyScope::disconnect}});
  if (const Accepted accepted = parse(table, arguments); !accepted) outcome.refusal = accepted.error();
  return outcome;
}

std::string address(const Arguments& arguments, const Environment& environment = {}) {
  const Outcome outcome = outcome_of(arguments, environment);
  return outcome.refusal.empty() ? to_text(outcome.options.endpoint) : outcome.refusal;
}

std::string user(const Arguments& arguments, const Environment& environment = {}) {
  return outcome_of(arguments, environment).options.connect.user_name.value_or("nobody");
}

std::string connect_properties(const Arguments& arguments) {
  const Outcome outcome = outcome_of(arguments);
  REQUIRE(outcome.refusal == "");
  return to_hex(outcome.options.connect.properties.block().bytes());
}

std::string refusal(const Arguments& arguments) { return outcome_of(arguments).refusal; }

}  // namespace

TEST_CASE("the broker is where the options say") {
  CHECK(address({}) == "mqtt://localhost:1883");
  CHECK(address({"-h", "broker.example"}) == "mqtt://broker.example:1883");
  CHECK(address({"-h", "broker.example", "-p", "1884"}) == "mqtt://broker.example:1884");
  CHECK(address({"-h", "broker.example:1884"}) == "mqtt://broker.example:1884");
  CHECK(address({"-h", "[::1]:1884"}) == "mqtt://[::1]:1884");
  CHECK(address({"-p", "1884"}) == "mqtt://localhost:1884");
  CHECK(address({"-L", "mqtt://broker.example:99"}) == "mqtt://broker.example:99");
  CHECK(address({"--url=mqtt://broker.example", "-p", "99"}) == "mqtt://broker.example:99");
}

TEST_CASE("contradicting addresses are refused") {
  CHECK(address({"-L", "mqtt://a", "-h", "b"}) == "--url and --host exclude each other; give one");
  CHECK(address({"-h", "a:1884", "-p", "1885"}) ==
        "--port '1885': the broker's address already says port 1884; give one");
  CHECK(address({"-p", "0"}) == "--port '0': not a whole number from 1 to 65535");
}

TEST_CASE("a refused URL is not repeated, since it may hold a password") {
  const std::string text = address({"-L", "gopher://me:secret@host"});
  CHECK(text.starts_with("--url: "));
  CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("an option wins over the environment, and the URL there over host and port") {
  CHECK(address({}, {{"MQTK_URL", "mqtt://a:1"}}) == "mqtt://a:1");
  CHECK(address({}, {{"MQTK_HOST", "b"}, {"MQTK_PORT", "2"}}) == "mqtt://b:2");
  CHECK(address({}, {{"MQTK_URL", "mqtt://a:1"}, {"MQTK_HOST", "b"}, {"MQTK_PORT", "2"}}) == "mqtt://a:1");
  CHECK(address({"-h", "c"}, {{"MQTK_URL", "mqtt://a:1"}}) == "mqtt://c:1883");
  CHECK(address({"-h", "c"}, {{"MQTK_HOST", "b"}, {"MQTK_PORT", "2"}}) == "mqtt://c:1883");
  CHECK(address({"-p", "3"}, {{"MQTK_URL", "mqtt://a:1"}}) == "mqtt://a:3");
  CHECK(address({"-p", "3"}, {{"MQTK_HOST", "b"}, {"MQTK_PORT", "2"}}) == "mqtt://b:3");
  CHECK(address({}, {{"MQTK_PORT", "http"}}) == "MQTK_PORT 'http': not a whole number from 1 to 65535");
}

TEST_CASE("credentials come from option, URL or environment, whichever is nearest") {
  CHECK(user({}) == "nobody");
  CHECK(user({"-u", "me"}) == "me");
  CHECK(user({"-L", "mqtt://url@host", "-u", "me"}) == "me");
  CHECK(user({"-L", "mqtt://url%40home@host"}, {{"MQTK_USER_NAME", "env"}}) == "url@home");
  CHECK(user({}, {{"MQTK_URL", "mqtt://url@host"}, {"MQTK_USER_NAME", "env"}}) == "env");
  CHECK(user({}, {{"MQTK_URL", "mqtt://url@host"}}) == "url");

  const Outcome outcome = outcome_of({"-u", "me", "--pw", "p\xC3\xA4ss"});
  REQUIRE(outcome.options.connect.password.has_value());
  CHECK(to_hex(*outcome.options.connect.password) == "70c3a47373");
  CHECK_FALSE(outcome.options.endpoint.password.has_value());
}

TEST_CASE("a password file that cannot be read is named") {
  CHECK(refusal({"--password-file", "/nonexistent/secret"}) ==
        "password: the file '/nonexistent/secret' cannot be read: No such file or directory");
}

TEST_CASE("every spelling of a version is understood") {
  for (const char* text : {"5", "5.0", "mqttv5", "v5"}) {
    CHECK(outcome_of({"-V", text}).options.connect.version == Version::v5);
  }
  for (const char* text : {"3.1.1", "311", "4", "mqttv311"}) {
    CHECK(outcome_of({"-V", text}).options.connect.version == Version::v3_1_1);
  }
  for (const char* text : {"3.1", "31", "3", "mqttv31"}) {
    CHECK(outcome_of({"--protocol-version", text}).options.connect.version == Version::v3_1);
  }
  CHECK(refusal({"-V", "6"}) == "--mqtt-version '6': not a version of MQTT; give 5, 3.1.1 or 3.1");
}

TEST_CASE("an older broker is asked again only where neither the version nor anything of 5.0 was asked for") {
  CHECK(outcome_of({}).options.connect.fall_back_to_v3_1_1);
  CHECK_FALSE(outcome_of({"-V", "5"}).options.connect.fall_back_to_v3_1_1);
  CHECK_FALSE(outcome_of({"-x", "60"}).options.connect.fall_back_to_v3_1_1);
  CHECK_FALSE(outcome_of({"-D", "publish", "content-type", "x"}).options.connect.fall_back_to_v3_1_1);
}

TEST_CASE("what version 5 brought is refused in the older ones") {
  CHECK(refusal({"-V", "311", "-x", "60"}).starts_with("--mqtt-version '3.1.1': properties, --session-expiry,"));
  CHECK(refusal({"-V", "311", "-P", "secret"}) ==
        "--password: before version 5 a password needs a user name; give --username");
  CHECK(refusal({"-P", "secret"}) == "");
}

TEST_CASE("limits become properties of CONNECT") {
  CHECK(connect_properties({}) == "");
  CHECK(connect_properties({"-x", "1h"}) == "1100000e10");
  CHECK(connect_properties({"-x", "never"}) == "11ffffffff");
  CHECK(connect_properties({"-x", "4294967295"}) == "11ffffffff");
  CHECK(connect_properties({"--receive-maximum", "20"}) == "210014");
  CHECK(connect_properties({"--maximum-packet-size", "65536"}) == "2700010000");
  CHECK(connect_properties({"--topic-alias-maximum", "10"}) == "22000a");
  CHECK(refusal({"-x", "4294967296"}) ==
        "--session-expiry '4294967296': not 'never', a duration such as 2h, or 0 to 4294967295 seconds");
}

TEST_CASE("option and property for the same limit are one: the last counts") {
  CHECK(connect_properties({"--receive-maximum", "20", "-D", "connect", "receive-maximum", "30"}) == "21001e");
  CHECK(connect_properties({"-D", "CONNECT", "Session-Expiry-Interval", "5", "-x", "6"}) == "1100000006");
}

TEST_CASE("a kept session needs a name and does not expire by itself in 5.0") {
  CHECK(refusal({"-c"}) == "--no-clean: without a client identifier no later run finds the session; give --id");
  CHECK(connect_properties({"-c", "-i", "me"}) == "11ffffffff");
  CHECK(connect_properties({"-c", "-i", "me", "-x", "60"}) == "110000003c");
  CHECK(connect_properties({"-c", "-i", "me", "-V", "3.1.1"}) == "");
  CHECK_FALSE(outcome_of({"-c", "-i", "me"}).options.connect.clean_start);
}

TEST_CASE("a will is put together from its options") {
  const Outcome outcome = outcome_of({"--will-topic", "gone", "--will-payload", "bye", "--will-qos", "1",
                                      "--will-retain", "-D", "will", "will-delay-interval", "5"});
  REQUIRE(outcome.refusal == "");
  REQUIRE(outcome.options.connect.will.has_value());
  const WillOptions& will = *outcome.options.connect.will;
  CHECK(will.topic == "gone");
  CHECK(as_text(will.payload) == "bye");
  CHECK(will.qos == QoS::at_least_once);
  CHECK(will.retain);
  CHECK(to_hex(will.properties.block().bytes()) == "1800000005");
  CHECK_FALSE(outcome_of({}).options.connect.will.has_value());
}

TEST_CASE("a will without topic, or to a topic with wildcards, is refused") {
  CHECK(refusal({"--will-payload", "bye"}) == "a will needs a topic; give --will-topic");
  CHECK(refusal({"-D", "will", "content-type", "x"}) == "a will needs a topic; give --will-topic");
  CHECK(refusal({"--will-topic", "a/#"}).starts_with("--will-topic 'a/#': "));
}

TEST_CASE("properties go to the packet that they name, in order") {
  const Outcome outcome = outcome_of({"-D",
                                      "publish",
                                      "user-property",
                                      "a",
                                      "1",
                                      "-D",
                                      "publish",
                                      "content-type",
                                      "t",
                                      "-D",
                                      "publish",
                                      "User-Property",
                                      "a",
                                      "2",
                                      "-D",
                                      "connect",
                                      "user-property",
                                      "",
                                      "",
                                      "-D",
                                      "disconnect",
                                      "reason-string",
                                      "done"});
  REQUIRE(outcome.refusal == "");
  CHECK(to_hex(outcome.options.publish_properties.block().bytes()) ==
        "2600016100013103000174260001610001"
        "32");
  CHECK(to_hex(outcome.options.connect.properties.block().bytes()) == "2600000000");
  CHECK(to_hex(outcome.options.connect.disconnect_properties.block().bytes()) == "1f0004646f6e65");
}

TEST_CASE("properties that cannot be are refused with the reason") {
  CHECK(refusal({"-D", "publsh", "content-type", "x"}) ==
        "--property 'publsh content-type x': no such packet; PACKET is connect, publish, subscribe, unsubscribe, "
        "disconnect or will");
  CHECK(refusal({"-D", "publish", "content-typ", "x"}) ==
        "--property 'publish content-typ x': no such property; did you mean 'content-type'?");
  CHECK(refusal({"-D", "publish", "receive-maximum", "1"}) ==
        "--property 'publish receive-maximum 1': a client sends no Receive Maximum in publish");
  CHECK(refusal({"-D", "publish", "subscription-identifier", "1"}) ==
        "--property 'publish subscription-identifier 1': a client sends no Subscription Identifier in publish");
  CHECK(refusal({"-D", "publish", "topic-alias", "0"}) ==
        "--property 'publish topic-alias 0': not a whole number from 1 to 65535");
  CHECK(refusal({"-D", "publish", "payload-format-indicator", "2"}) ==
        "--property 'publish payload-format-indicator 2': not a whole number from 0 to 1");
  CHECK(refusal({"-D", "publish", "content-type", "a\xFF"}).ends_with("not valid UTF-8"));
  CHECK(refusal({"-D", "subscribe", "user-property", "a", "b"}) ==
        "--property 'subscribe user-property a b': this program sends no such packet");
  CHECK(refusal({"-D", "publish"}) == "--property 'publish': the property's name and value are missing");
  CHECK(refusal({"-D", "publish", "user-property", "a"}) ==
        "--property 'publish user-property a': a user property needs a name and a value");
  CHECK(refusal({"-D", "publish", "content-type", "a", "-D", "publish", "content-type", "b"}) ==
        "--property 'publish content-type b': given twice; only user properties may be repeated");
}

TEST_CASE("the reconnect policy holds from the first attempt once it is asked for") {
  const auto policy = [](const Arguments& arguments) { return outcome_of(arguments).options.connect.reconnect; };
  CHECK(policy({"--reconnect", "no"}).attempts == 0);
  CHECK(policy({"--reconnect", "3"}).attempts == 3);
  CHECK(policy({"--reconnect", "forever"}).attempts == ReconnectPolicy::forever);
  CHECK(policy({"--reconnect", "3"}).first_connect == ReconnectPolicy::FirstConnect::is_tried_again);
  CHECK(policy({"--reconnect-delay", "100ms"}).shortest_delay == std::chrono::milliseconds(100));
  CHECK(refusal({"--reconnect", "maybe"}) == "--reconnect 'maybe': not 'no', 'forever' or a number of attempts");
}

TEST_CASE("TLS and WebSocket options choose the transport and its port where no scheme is given") {
  CHECK(address({"-h", "localhost", "--tls"}) == "mqtts://localhost:8883");
  CHECK(address({"-h", "localhost:1883", "--tls"}) == "mqtts://localhost:1883");
  CHECK(address({"-h", "localhost", "--alpn", "mqtt"}) == "mqtts://localhost:8883");
  CHECK(address({"-h", "localhost", "--websocket"}) == "ws://localhost:80/mqtt");
  CHECK(address({"-h", "localhost", "--ws-path", "a", "--tls"}) == "wss://localhost:443/a");
  CHECK(address({"-h", "localhost", "-p", "9001", "--websocket"}) == "ws://localhost:9001/mqtt");
  CHECK(address({"-L", "ws://localhost/a?b=c"}) == "ws://localhost:80/a?b=c");
}

TEST_CASE("options that the URL's scheme makes useless are refused") {
  CHECK(refusal({"-L", "mqtt://h", "--tls"}) == "--tls: of no effect, since mqtt:// is without TLS; write mqtts://");
  CHECK(refusal({"-L", "ws://h", "--insecure"}) ==
        "--insecure: of no effect, since ws:// is without TLS; write wss://");
  CHECK(refusal({"-L", "mqtt://h", "--websocket"}) == "--websocket: the broker's URL says mqtt://; write ws://");
  CHECK(refusal({"-h", "h", "--ws-header", "A: b"}) ==
        "--ws-header: of no effect without WebSocket; write ws:// or wss://, or give --websocket");
}

TEST_CASE("the query of a URL sets options that are not given, and only harmless ones") {
  const Outcome outcome = outcome_of({"-L", "mqtt://h?id=me&keep-alive=7", "-k", "9"});
  CHECK(outcome.refusal == "");
  CHECK(outcome.options.connect.client_identifier == "me");
  CHECK(outcome.options.connect.keep_alive_seconds == 9);
  CHECK(refusal({"-L", "mqtt://h?keep-alive=x"}) == "--url: keep-alive 'x': not a whole number from 0 to 65535");
  CHECK(refusal({"-L", "mqtt://h?password-from=command:id"}) == "--url: a URL cannot set 'password-from'");
}

TEST_CASE("values of the transport options are checked") {
  CHECK(refusal({"--tls-version", "1.1"}) == "--tls-version '1.1': not 1.2 or 1.3; older versions are not safe");
  CHECK(refusal({"--ws-header", "no colon"}) == "--ws-header 'no colon': not 'NAME: VALUE'");
  CHECK(refusal({"--proxy", "ftp://p"}) == "--proxy 'ftp://p': the scheme before :// is none of http, socks5, socks5h");
  CHECK(refusal({"--tls", "--psk", "00"}) == "--psk: the name of the key is missing; give --psk-identity");
  CHECK(refusal({"--tls", "--psk", "0", "--psk-identity", "a"}) ==
        "--psk: the key is not an even number of hexadecimal digits");
  CHECK(refusal({"--password-from", "pigeon"}) ==
        "--password-from 'pigeon': not file:PATH, fd:NUMBER, env:NAME, command:COMMAND or prompt");
}
