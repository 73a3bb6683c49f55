#include "capture/tls_key_log.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hex.hpp"

namespace mqtk {
namespace {

constexpr std::size_t max_secret_bytes = 64;

// What a connection takes beside its secrets: in the map, and in the list by age.
constexpr std::size_t connection_bytes = 2 * sizeof(TlsKeyLog::Random) + 6 * sizeof(TlsSecret) + 64;

// An empty one has no memory of its own.
std::size_t bytes_of(const TlsSecret& secret) { return secret.empty() ? 0 : secret.size() + 16; }

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

// Up to the end of `text`; lines of other kinds are passed over.
std::optional<TlsKeyLog::Line> TlsKeyLog::read_line(std::string_view& text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto label = label_of(take_word(line));
    if (!label) continue;
    const auto random = from_hex(take_word(line));
    const auto secret = from_hex(line);
    if (!random || random->size() != 32 || !secret || secret->empty() || secret->size() > max_secret_bytes) continue;
    Line read{.label = *label, .random = {}, .secret = *secret};
    std::copy_n(random->begin(), read.random.size(), read.random.begin());
    return read;
  }
  return std::nullopt;
}

std::size_t TlsKeyLog::add(std::string_view text) {
  std::size_t count = 0;
  while (auto line = read_line(text)) {
    if (connections_.size() >= max_connections && !connections_.contains(line->random)) continue;
    connections_[line->random].secrets[static_cast<std::size_t>(line->label)] = std::move(line->secret);
    ++count;
  }
  return count;
}

bool TlsKeyLog::add_captured(std::string_view text) {
  bool all_kept = true;
  while (auto line = read_line(text)) {
    add_captured(*std::move(line));
    while (captured_bytes_ > max_captured_bytes && drop_oldest()) all_kept = false;
  }
  return all_kept;
}

void TlsKeyLog::add_captured(Line line) {
  const auto [at, is_new] = connections_.try_emplace(line.random);
  Connection& connection = at->second;
  if (!is_new && !connection.is_captured) return;
  if (is_new) {
    connection.is_captured = true;
    captured_.push_back(line.random);
    captured_bytes_ += connection_bytes;
  }
  TlsSecret& secret = connection.secrets[static_cast<std::size_t>(line.label)];
  captured_bytes_ -= bytes_of(secret);
  secret = std::move(line.secret);
  captured_bytes_ += bytes_of(secret);
}

bool TlsKeyLog::drop_oldest() {
  if (captured_.empty()) return false;
  const auto oldest = connections_.find(captured_.front());
  captured_bytes_ -= connection_bytes;
  for (const TlsSecret& secret : oldest->second.secrets) captured_bytes_ -= bytes_of(secret);
  connections_.erase(oldest);
  captured_.pop_front();
  return true;
}

Bytes TlsKeyLog::find(const Random& client_random, Label label) const {
  const auto found = connections_.find(client_random);
  return found == connections_.end() ? Bytes{} : Bytes{found->second.secrets[static_cast<std::size_t>(label)]};
}

}  // namespace mqtk
