// Secrets of TLS connections as programs write them where SSLKEYLOGFILE or the like asks for it, and as pcapng files
// carry them. Those of a capture are bounded in bytes, because whoever made it chose how many there are.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "capture/tls_key_schedule.hpp"

namespace mqtk {

class TlsKeyLog {
 public:
  // Beyond so many connections, nothing more is taken in.
  static constexpr std::size_t max_connections = 100'000;
  // What those of captures may take, with all that is kept beside the secrets themselves.
  static constexpr std::size_t max_captured_bytes = 4U * 1024 * 1024;

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
  // The same for lines that a capture carries. Beyond the bound the connections that came first are dropped; false if
  // there were some. A connection that add() brought stays as it is.
  [[nodiscard]] bool add_captured(std::string_view text);

  // Empty if it is not there.
  [[nodiscard]] Bytes find(const Random& client_random, Label label) const;
  [[nodiscard]] bool knows(const Random& client_random) const { return connections_.contains(client_random); }
  [[nodiscard]] std::size_t captured_bytes() const { return captured_bytes_; }
  [[nodiscard]] bool empty() const { return connections_.empty(); }

 private:
  using Secrets = std::array<TlsSecret, 6>;  // by Label
  struct Connection {
    Secrets secrets;
    bool is_captured = false;
  };
  struct Line {
    Label label{};
    Random random{};
    TlsSecret secret;
  };

  [[nodiscard]] static std::optional<Line> read_line(std::string_view& text);
  void add_captured(Line line);
  [[nodiscard]] bool drop_oldest();

  std::map<Random, Connection> connections_;
  std::deque<Random> captured_;  // the oldest first
  std::size_t captured_bytes_ = 0;
};

}  // namespace mqtk
