#include "bench/address_range.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace mqtk::bench {
namespace {

constexpr std::size_t most_addresses = 65'536;

struct Address {
  int family = AF_INET;
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::size_t size() const { return family == AF_INET ? 4 : 16; }
  [[nodiscard]] std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> out{};
    ::inet_ntop(family, bytes.data(), out.data(), out.size());
    return out.data();
  }
  void advance() {
    for (std::size_t i = size(); i-- > 0;) {
      if (++bytes[i] != 0) return;
    }
  }
};

std::optional<Address> parse(std::string_view text) {
  const std::string copy{text};
  Address address;
  if (::inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
  address.family = AF_INET6;
  if (::inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> parse_address_range(std::string_view text) {
  constexpr std::string_view wanted = "not addresses such as 127.0.0.1-127.0.0.9 or 192.0.2.7,192.0.2.8";
  std::vector<std::string> addresses;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view range = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t dash = range.find('-');
    const auto first = parse(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse(range.substr(dash + 1));
    if (!first || !last || first->family != last->family || last->bytes < first->bytes) {
      return std::unexpected(std::string{wanted});
    }
    Address each = *first;
    addresses.push_back(each.text());
    while (each.bytes != last->bytes) {
      if (addresses.size() >= most_addresses)
        return std::unexpected(fmt::format("more than {} addresses", most_addresses));
      each.advance();
      addresses.push_back(each.text());
    }
  }
  if (addresses.empty()) return std::unexpected(std::string{wanted});
  return addresses;
}

}  // namespace mqtk::bench
