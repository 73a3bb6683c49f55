// Secrets of TLS connections as programs write them where SSLKEYLOGFILE or the like asks for it, and as pcapng files
// carry them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "capture/tls_key_schedule.hpp"

namespace mqtk {

class TlsKeyLog {
 public:
  // Beyond so many connections, nothing more is taken in.
  static constexpr std::size_t max_connections = 100'000;

  using Random = std::array<std::uint8_t, 32>;

  enum class Label : std::uint8_t {
    master_secret,  // TLS 1.2: CLIENT_RANDOM
    client_early,
    client_handshake,
    server_handshake,
    client_traffic,
    server_traffic,
  };

  // Whole lines; others than those of secrets are passed over. How many secrets there were.
  std::size_t add(std::string_view text);

  // Empty if it is not there.
  [[nodiscard]] Bytes find(const Random& client_random, Label label) const;
  [[nodiscard]] bool knows(const Random& client_random) const { return secrets_.contains(client_random); }
  [[nodiscard]] bool empty() const { return secrets_.empty(); }

 private:
  [[nodiscard]] bool add_line(std::string_view line);

  std::map<Random, std::array<TlsSecret, 6>> secrets_;
};

}  // namespace mqtk
