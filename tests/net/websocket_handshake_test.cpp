#include "net/websocket_handshake.hpp"

#include <doctest/doctest.h>

#include <string>

#include "net/handshake_fault.hpp"
#include "net/http_head.hpp"

using namespace mqtk;

namespace {

const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";  // of RFC 6455 section 1.3

std::string answer(const std::string& status, const std::string& fields) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "\r\n";
}

const std::string good_fields =
    "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

std::string verdict(const std::string& head) {
  const auto checked = check_websocket_answer(head, key);
  if (checked) return "accepted";
  return checked.error().code.message() + (checked.error().detail.empty() ? "" : ": " + checked.error().detail);
}

std::string request(const std::string& line, const std::string& fields) { return line + "\r\n" + fields + "\r\n"; }

const std::string good_request =
    "Host: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string status_of(const std::string& head) {
  const WebSocketAnswer made = answer_websocket_request(head, "/mqtt");
  CHECK(made.accepted == made.text.starts_with("HTTP/1.1 101 "));
  return made.text.substr(9, made.text.find('\r') - 9);
}

}  // namespace

TEST_CASE("the request names host, path, key and the sub-protocol mqtt [MQTT-6.0.0-3]") {
  const WebSocketOpening opening{
      .host = "broker.example:8080", .path = "/ws?a=b", .headers = {{"Origin", "https://page.example"}}};
  CHECK(websocket_request(opening, key) ==
        "GET /ws?a=b HTTP/1.1\r\nHost: broker.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\nOrigin: https://page.example\r\n\r\n");
}

TEST_CASE("a header of the caller replaces the sub-protocol") {
  const std::string text = websocket_request({.host = "h", .headers = {{"sec-websocket-protocol", "mqttv3.1"}}}, key);
  CHECK(text.contains("\r\nsec-websocket-protocol: mqttv3.1\r\n"));
  CHECK_FALSE(text.contains("Sec-WebSocket-Protocol: mqtt\r\n"));
}

TEST_CASE("the answer of RFC 6455's example is accepted") {
  CHECK(verdict(answer("101 Switching Protocols", good_fields + "Sec-WebSocket-Protocol: mqtt\r\n")) == "accepted");
}

TEST_CASE("other answers are told apart") {
  CHECK(verdict(answer("404 Not Found", "")) == "no WebSocket at this path: HTTP status 404 Not Found");
  CHECK(verdict(answer("403 Forbidden", "")) == "the web server does not let us in: HTTP status 403 Forbidden");
  CHECK(verdict(answer("200 OK", "")) == "an HTTP answer instead of a WebSocket: HTTP status 200 OK");
  CHECK(verdict(answer("301 Moved Permanently", "Location: https://a/mqtt\r\n")) ==
        "an HTTP answer instead of a WebSocket: HTTP status 301 Moved Permanently, to \"https://a/mqtt\"");
  CHECK(verdict("\x20\x02\x00\x00") == "the answer is not HTTP: it begins with \" \\x02\"");
  CHECK(verdict(answer("101 Switching Protocols", good_fields)) ==
        "the server does not speak the WebSocket sub-protocol mqtt: it chose none");
  CHECK(verdict(answer("101 Switching Protocols", good_fields + "Sec-WebSocket-Protocol: chat\r\n")) ==
        "the server does not speak the WebSocket sub-protocol mqtt: it chose \"chat\"");
  CHECK(verdict(answer("101 Switching Protocols", "Upgrade: websocket\r\nConnection: Upgrade\r\n")) ==
        "the answer does not open a WebSocket: the field Sec-WebSocket-Accept does not answer our key");
}

TEST_CASE("a server accepts the request for its path and chooses mqtt [MQTT-6.0.0-4]") {
  const WebSocketAnswer made = answer_websocket_request(
      request("GET /mqtt?token=1 HTTP/1.1", good_request + "Sec-WebSocket-Protocol: mqttv3.1, mqtt\r\n"), "/mqtt");
  CHECK(made.accepted);
  CHECK(made.text ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

TEST_CASE("a server answers other requests with the status that fits") {
  const std::string protocol = "Sec-WebSocket-Protocol: mqtt\r\n";
  CHECK(status_of(request("GET /other HTTP/1.1", good_request + protocol)) == "404 Not Found");
  CHECK(status_of(request("POST /mqtt HTTP/1.1", good_request + protocol)) == "405 Method Not Allowed");
  CHECK(status_of(request("GET /mqtt HTTP/1.1", "Host: broker\r\n")) == "426 Upgrade Required");
  CHECK(status_of(request("GET /mqtt HTTP/1.1", good_request)) == "400 Bad Request");
  CHECK(status_of("\x10\x0c\x00\x04MQTT") == "400 Bad Request");
  CHECK(status_of("GET / HTTP/1.1\r\nbad line\r\n\r\n") == "400 Bad Request");
}

TEST_CASE("the head of an HTTP message ends at its empty line, whatever the line ends are") {
  CHECK(http_head_size("HTTP/1.1 101 x\r\na: b\r\n\r\nrest") == 24);
  CHECK(http_head_size("a\n\nrest") == 3);
  CHECK_FALSE(http_head_size("HTTP/1.1 101 x\r\na: b\r\n").has_value());
}
