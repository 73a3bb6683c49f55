// A proxy that connections go through.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace mqtk {

struct ProxyOptions {
  enum class Kind : std::uint8_t {
    http,     // CONNECT
    socks5,   // we look the broker's name up
    socks5h,  // the proxy does
  };
  Kind kind = Kind::http;
  std::string host;
  std::uint16_t port = 0;
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
};

// Reads http://[USER[:PASSWORD]@]HOST[:PORT], socks5:// and socks5h://; ports 3128 and 1080 unless given. The error
// does not repeat the text, which may hold a password.
[[nodiscard]] std::expected<ProxyOptions, std::string> parse_proxy(std::string_view text);

}  // namespace mqtk
