// HTTP heads from a peer of either role, proxies and name servers: any bytes get an answer or an error, and no more
// than what came is taken.
#include <string>

#include "fuzz/expect.hpp"
#include "net/http_head.hpp"
#include "net/proxy_handshake.hpp"
#include "net/service_lookup.hpp"
#include "net/websocket_handshake.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  const auto head_size = http_head_size(text);
  expect(!head_size || *head_size <= text.size(), "heads are taken apart as they stand");
  if (const auto head = parse_http_head(text)) {
    for (const auto& [name, value] : head->fields) {
      expect(!name.empty() && !name.contains('\r') && !value.contains('\n'), "heads are taken apart as they stand");
    }
    expect(http_status(head->start_line).value_or(0) < 1000, "heads are taken apart as they stand");
  }
  static_cast<void>(check_websocket_answer(text, "dGhlIHNhbXBsZSBub25jZQ=="));
  const WebSocketAnswer answer = answer_websocket_request(text, "/mqtt");
  expect(answer.text.starts_with("HTTP/1.1 "), "heads are taken apart as they stand");
  expect(answer.accepted == answer.text.starts_with("HTTP/1.1 101 "), "heads are taken apart as they stand");

  for (const auto kind : {ProxyOptions::Kind::http, ProxyOptions::Kind::socks5h}) {
    ProxyHandshake proxy({.kind = kind, .host = "p", .port = 1, .user_name = "me", .password = "pw"}, "broker", 1883);
    std::string bytes = text;
    static_cast<void>(proxy.take(bytes));
    expect(text.ends_with(bytes), "heads are taken apart as they stand");
    expect(proxy.take_output().size() < 1000, "heads are taken apart as they stand");
  }
  static_cast<void>(parse_proxy(text));
  if (const auto services = read_service_answer({data, size}))
    expect(!services->empty(), "heads are taken apart as they stand");
  return 0;
}
