#include "net/endpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace mqtk;

namespace {

Endpoint parsed(std::string_view text) {
  CAPTURE(text);
  const auto endpoint = parse_endpoint(text);
  if (!endpoint) FAIL(endpoint.error());
  return *endpoint;
}

std::string error_of(std::string_view text) {
  CAPTURE(text);
  const auto endpoint = parse_endpoint(text);
  return endpoint ? "(read as " + to_text(*endpoint, Credentials::shown) + ")" : endpoint.error();
}

}  // namespace

TEST_CASE("each scheme names its transport and has its default port") {
  struct Row {
    const char* text;
    Transport transport;
    int port;
  };
  for (const auto& [text, transport, port] : {
           Row{"mqtt://h", Transport::tcp, 1883},
           Row{"tcp://h", Transport::tcp, 1883},
           Row{"mqtts://h", Transport::tls, 8883},
           Row{"ssl://h", Transport::tls, 8883},
           Row{"tls://h", Transport::tls, 8883},
           Row{"ws://h", Transport::websocket, 80},
           Row{"wss://h", Transport::websocket_over_tls, 443},
           Row{"MQTTS://h", Transport::tls, 8883},
           Row{"h", Transport::tcp, 1883},
       }) {
    CAPTURE(text);
    const Endpoint endpoint = parsed(text);
    CHECK(endpoint.transport == transport);
    CHECK(endpoint.port == port);
    CHECK(endpoint.host == "h");
    CHECK_FALSE(endpoint.user_name);
    CHECK_FALSE(endpoint.password);
  }
}

TEST_CASE("hosts are names, IPv4 and IPv6 addresses, with or without a port") {
  struct Row {
    const char* text;
    const char* host;
    int port;
  };
  for (const auto& [text, host, port] : {
           Row{"broker.example:1884", "broker.example", 1884},
           Row{"mqtt://192.0.2.7:0", "192.0.2.7", 0},
           Row{"mqtt://[2001:db8::1]:65535/", "2001:db8::1", 65535},
           Row{"[::1]", "::1", 1883},
           Row{"::1", "::1", 1883},
           Row{"2001:db8::1", "2001:db8::1", 1883},
           Row{"mqtts://[fe80::1%25eth0]", "fe80::1%eth0", 8883},
           Row{"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
           Row{"my%2Dhost", "my-host", 1883},
           Row{"mqtt://*:1883", "*", 1883},
           Row{"m\xC3\xBC.example", "m\xC3\xBC.example", 1883},
       }) {
    CAPTURE(text);
    CHECK(parsed(text).host == host);
    CHECK(parsed(text).port == port);
  }
}

TEST_CASE("user name and password are decoded, and a password alone or an empty one is kept") {
  const Endpoint both = parsed("mqtt://al%40ice:p%3Aa%2Fss:w@h:1");
  CHECK(both.user_name == "al@ice");
  CHECK(both.password == "p:a/ss:w");
  CHECK(both.host == "h");
  const Endpoint name_only = parsed("mqtt://alice@h");
  CHECK(name_only.user_name == "alice");
  CHECK_FALSE(name_only.password);
  const Endpoint empty = parsed("mqtt://:@h");
  CHECK(empty.user_name == "");
  CHECK(empty.password == "");
  CHECK(parsed("mqtt://a@b@h").user_name == "a@b");
}

TEST_CASE("paths are decoded, but for WebSocket, where they are sent as written") {
  CHECK(parsed("mqtt://h").path.empty());
  CHECK(parsed("mqtt://h/a%20b/%23").path == "/a b/#");
  CHECK(parsed("ws://h").path == "/mqtt");
  CHECK(parsed("ws://h/").path == "/");
  CHECK(parsed("wss://h/a%20b").path == "/a%20b");
  const Endpoint socket = parsed("unix:///run/my%20broker.sock");
  CHECK(socket.transport == Transport::unix_socket);
  CHECK(socket.path == "/run/my broker.sock");
  CHECK(socket.host.empty());
  CHECK(socket.port == 0);
}

TEST_CASE("the query is a list in order, repeats and empty values kept") {
  const Endpoint endpoint = parsed("mqtts://h?topic=a%26b&topic=c&flag&=x&&empty=");
  using Query = std::vector<std::pair<std::string, std::string>>;
  CHECK(endpoint.query == Query{{"topic", "a&b"}, {"topic", "c"}, {"flag", ""}, {"", "x"}, {"empty", ""}});
  CHECK(parsed("mqtt://h/p?a=b=c").query == Query{{"a", "b=c"}});
  CHECK(parsed("mqtt://h/p?a=b=c").path == "/p");
}

TEST_CASE("a Unix socket may be a name of the abstract namespace, with credentials in front") {
  CHECK(parsed("unix://@mqtt").path == "@mqtt");
  CHECK(parsed("unix://me:pw@@a%2Fb").path == "@a/b");
  CHECK(parsed("unix://me:pw@@a%2Fb").user_name == "me");
  CHECK(to_text(parsed("unix://me:pw@@a%2Fb?x=y")) == "unix://@a%2Fb?x=y");
  CHECK(short_text(parsed("unix://@mqtt")) == "@mqtt");
}

TEST_CASE("bad text gives one line that says what is wrong") {
  struct Row {
    std::string_view text;
    const char* error;
  };
  using namespace std::string_view_literals;
  for (const auto& [text, error] : {
           Row{"", "the host is missing"},
           Row{"mqtt://", "the host is missing"},
           Row{":1883", "the host is missing"},
           Row{"mqtt://user@", "the host is missing"},
           Row{"http://h", "the scheme before :// is none of mqtt, mqtts, ws, wss, unix"},
           Row{"://h", "the scheme before :// is none of mqtt, mqtts, ws, wss, unix"},
           Row{"h:", "the port is not a number from 0 to 65535"},
           Row{"h:65536", "the port is not a number from 0 to 65535"},
           Row{"h:-1", "the port is not a number from 0 to 65535"},
           Row{"h:+1", "the port is not a number from 0 to 65535"},
           Row{"h:1x", "the port is not a number from 0 to 65535"},
           Row{"h: 1", "the port is not a number from 0 to 65535"},
           Row{"[::1]:", "the port is not a number from 0 to 65535"},
           Row{"[::1", "the '[' before the IPv6 address has no ']'"},
           Row{"[h]", "no IPv6 address stands between '[' and ']'"},
           Row{"[]", "no IPv6 address stands between '[' and ']'"},
           Row{"[fe80::1%25]", "no IPv6 address stands between '[' and ']'"},
           Row{"[fe80::1%25a:b]", "no IPv6 address stands between '[' and ']'"},
           Row{"fe80::1%e]:1", "an IPv6 address with a port is written [address]:port"},
           Row{"[::1\0]"sv, "no IPv6 address stands between '[' and ']'"},
           Row{"[1.2.3.4]", "no IPv6 address stands between '[' and ']'"},
           Row{"[::1]1883", "only ':' and a port may follow the ']'"},
           Row{"a:b:c", "an IPv6 address with a port is written [address]:port"},
           Row{"::1:99999", "an IPv6 address with a port is written [address]:port"},
           Row{"a b", "the host holds a blank or a control character"},
           Row{"a\nb", "the host holds a blank or a control character"},
           Row{"a\0b"sv, "the host holds a blank or a control character"},
           Row{"a%00b", "the host holds a blank or a control character"},
           Row{"%3Aeth", "the host holds a ':' and is no IPv6 address"},
           Row{"a%2", "a '%' in the host is not followed by two hexadecimal digits"},
           Row{"%zz", "a '%' in the host is not followed by two hexadecimal digits"},
           Row{"%@h", "a '%' in the user name is not followed by two hexadecimal digits"},
           Row{"a:%1@h", "a '%' in the password is not followed by two hexadecimal digits"},
           Row{"h/%", "a '%' in the path is not followed by two hexadecimal digits"},
           Row{"h?a=%4", "a '%' in the query is not followed by two hexadecimal digits"},
           Row{"mqtt://h/a/#", "a '#' is written %23"},
           Row{"ws://h/a b", "the path holds a blank or a control character"},
           Row{"unix://", "a Unix socket is written unix:///path/to/file or unix://@name"},
           Row{"unix:///", "a Unix socket is written unix:///path/to/file or unix://@name"},
           Row{"unix://run/x.sock", "a Unix socket is written unix:///path/to/file or unix://@name"},
           Row{"unix://a@@b/c", "nothing may follow the name of a Unix socket"},
           Row{"unix://a@b", "a name of a Unix socket begins with '@'"},
           Row{"unix:///a%00b", "the path of a Unix socket holds a null character"},
       }) {
    CAPTURE(text);
    CHECK(error_of(text) == error);
  }
}

TEST_CASE("an error does not repeat the password") {
  for (const char* text : {"mqtt://u:geheim@h:99999", "u:geheim", "mqtt://u:geheim%@h", "x://u:geheim@h"}) {
    CHECK(error_of(text).find("geheim") == std::string::npos);
  }
}

TEST_CASE("an endpoint is printed with its port and, only if asked for, its credentials") {
  const Endpoint endpoint = parsed("mqtts://al%40ice:s%2Fecret@[2001:db8::1]/a%20b?x=1%26&y");
  CHECK(to_text(endpoint) == "mqtts://[2001:db8::1]:8883/a%20b?x=1%26&y=");
  CHECK(to_text(endpoint, Credentials::masked) == "mqtts://al%40ice:***@[2001:db8::1]:8883/a%20b?x=1%26&y=");
  CHECK(to_text(endpoint, Credentials::shown) == "mqtts://al%40ice:s%2Fecret@[2001:db8::1]:8883/a%20b?x=1%26&y=");
  CHECK(to_text(parsed("ws://h/p%20q")) == "ws://h:80/p%20q");
  CHECK(to_text(parsed("unix:///run/a%20b")) == "unix:///run/a%20b");
  CHECK(to_text(parsed("[fe80::1%eth0]")) == "mqtt://[fe80::1%25eth0]:1883");
  CHECK(to_text(parsed("*:1884")) == "mqtt://*:1884");
  CHECK(short_text(endpoint) == "[2001:db8::1]:8883");
  CHECK(short_text(parsed("h:1")) == "h:1");
  CHECK(short_text(parsed("unix:///run/x")) == "/run/x");
}

TEST_CASE("what is printed with credentials is read back as the same endpoint") {
  for (const char* text : {"mqtt://h", "ws://u:p@h:8080/x?a=b", "wss://[::1]/?a=%00", "unix://u:p@/run/x?k=v",
                           "mqtt://%00:%ff@h/%23%3F%25?%3D=%26%3D%23", "[fe80::1%25eth0]", "mqtt://@h"}) {
    CAPTURE(text);
    const Endpoint endpoint = parsed(text);
    CHECK(parsed(to_text(endpoint, Credentials::shown)) == endpoint);
  }
}
