#include "capture/tls_key_log.hpp"

#include <algorithm>
#include <optional>

#include "base/hex.hpp"

namespace mqtk {
namespace {

constexpr std::size_t max_secret_bytes = 64;

std::optional<TlsKeyLog::Label> label_of(std::string_view word) {
  using Label = TlsKeyLog::Label;
  if (word == "CLIENT_RANDOM") return Label::master_secret;
  if (word == "CLIENT_EARLY_TRAFFIC_SECRET") return Label::client_early;
  if (word == "CLIENT_HANDSHAKE_TRAFFIC_SECRET") return Label::client_handshake;
  if (word == "SERVER_HANDSHAKE_TRAFFIC_SECRET") return Label::server_handshake;
  if (word == "CLIENT_TRAFFIC_SECRET_0") return Label::client_traffic;
  if (word == "SERVER_TRAFFIC_SECRET_0") return Label::server_traffic;
  return std::nullopt;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

std::size_t TlsKeyLog::add(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (add_line(line)) ++count;
  }
  return count;
}

bool TlsKeyLog::add_line(std::string_view line) {
  const auto label = label_of(take_word(line));
  if (!label) return false;
  const auto random = from_hex(take_word(line));
  const auto secret = from_hex(line);
  if (!random || random->size() != 32 || !secret || secret->empty() || secret->size() > max_secret_bytes) return false;
  Random key;
  std::copy_n(random->begin(), key.size(), key.begin());
  if (secrets_.size() >= max_connections && !secrets_.contains(key)) return false;
  secrets_[key][static_cast<std::size_t>(*label)] = *secret;
  return true;
}

Bytes TlsKeyLog::find(const Random& client_random, Label label) const {
  const auto found = secrets_.find(client_random);
  return found == secrets_.end() ? Bytes{} : Bytes{found->second[static_cast<std::size_t>(label)]};
}

}  // namespace mqtk
