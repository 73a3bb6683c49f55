#include "capture/tls_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/byte_order.hpp"
#include "base/hex.hpp"

namespace mqtk {
namespace {

namespace content {
constexpr std::uint8_t change_cipher_spec = 20;
constexpr std::uint8_t handshake = 22;
constexpr std::uint8_t application_data = 23;
}  // namespace content

namespace message {
constexpr std::uint8_t client_hello = 1;
constexpr std::uint8_t server_hello = 2;
constexpr std::uint8_t end_of_early_data = 5;
constexpr std::uint8_t finished = 20;
constexpr std::uint8_t key_update = 24;
}  // namespace message

constexpr std::size_t header_bytes = 5;
constexpr std::size_t max_record_bytes = 16384 + 2048;
constexpr std::size_t max_handshake_bytes = 256UL * 1024;
constexpr std::uint16_t extension_early_data = 42;
constexpr std::uint16_t extension_supported_versions = 43;

// A ServerHello with this random asks for another ClientHello (RFC 8446, 4.1.3).
constexpr TlsKeyLog::Random retry_random = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                            0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                            0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

// Fields of a message, one after another. Beyond the end everything is empty or 0, and is_short() tells.
class Fields {
 public:
  explicit Fields(Bytes bytes) : bytes_(bytes) {}

  Bytes take(std::size_t count) {
    if (count > bytes_.size()) {
      short_ = true;
      bytes_ = {};
      return {};
    }
    const Bytes taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::uint16_t u16() {
    const Bytes two = take(2);
    return two.empty() ? std::uint16_t{0} : load_big_endian<std::uint16_t>(two.data());
  }
  Bytes with_size_1() {
    const Bytes one = take(1);
    return one.empty() ? Bytes{} : take(one[0]);
  }
  Bytes with_size_2() { return take(u16()); }
  [[nodiscard]] bool is_short() const { return short_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
  bool short_ = false;
};

// Nothing if there is no such extension.
std::optional<Bytes> find_extension(Bytes extensions, std::uint16_t wanted) {
  Fields fields{extensions};
  while (!fields.empty()) {
    const std::uint16_t type = fields.u16();
    const Bytes value = fields.with_size_2();
    if (type == wanted && !fields.is_short()) return value;
  }
  return std::nullopt;
}

std::array<std::uint8_t, 8> as_sequence(std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (56U - 8U * i));
  return bytes;
}

// The nonce of a record: the sequence number is added to that of the keys, bit by bit.
TlsSecret nonce_of(const TlsKeys& keys, std::uint64_t sequence) {
  TlsSecret nonce = keys.nonce;
  const auto number = as_sequence(sequence);
  for (std::size_t i = 0; i < 8; ++i) nonce[nonce.size() - 8 + i] ^= number[i];
  return nonce;
}

}  // namespace

void CapturedTls::fail(std::string why) {
  if (!fault_.empty()) return;
  fault_ = std::move(why);
  for (Direction& each : directions_) {
    each.records = std::vector<std::uint8_t>{};
    each.handshake = std::vector<std::uint8_t>{};
  }
}

void CapturedTls::take(Role sender, Bytes bytes) {
  if (!fault_.empty()) return;
  std::vector<std::uint8_t>& records = direction(sender).records;
  records.insert(records.end(), bytes.begin(), bytes.end());
  read_records(sender);
  // What the other side sent may have waited for this.
  read_records(peer_of(sender));
}

void CapturedTls::read_records(Role sender) {
  Direction& from = direction(sender);
  std::size_t at = 0;
  while (fault_.empty() && from.records.size() - at >= header_bytes) {
    const Bytes ahead = Bytes{from.records}.subspan(at);
    const std::size_t size = load_big_endian<std::uint16_t>(ahead.data() + 3);
    if (ahead[0] < content::change_cipher_spec || ahead[0] > content::application_data + 1 || ahead[1] != 3 ||
        size > max_record_bytes) {
      return fail("what follows is no TLS record");
    }
    if (ahead.size() < header_bytes + size || !take_record(sender, ahead.first(header_bytes + size))) break;
    at += header_bytes + size;
  }
  if (fault_.empty()) from.records.erase(from.records.begin(), from.records.begin() + static_cast<std::ptrdiff_t>(at));
  // Whoever waits for a hello that never comes shall not cost much.
  if (from.records.size() > max_handshake_bytes) fail("the TLS handshake was not captured");
}

bool CapturedTls::take_record(Role sender, Bytes record) {
  Direction& from = direction(sender);
  const std::uint8_t type = record[0];
  if (version_ == Version::unknown && type == content::application_data) {
    if (hello_seen_) return false;
    fail("the TLS handshake was not captured");
    return true;
  }
  if (version_ == Version::tls_1_3) {
    if (type == content::application_data) {
      take_encrypted(sender, record);
    } else if (type == content::handshake) {
      take_handshake(sender, record.subspan(header_bytes));
    }
    return true;
  }
  if (type == content::change_cipher_spec) {
    // A client that hopes for TLS 1.3 may send one before the server has answered.
    if (version_ == Version::tls_1_2) change_cipher_spec(sender);
  } else if (from.encrypted) {
    take_encrypted(sender, record);
  } else {
    take_content(sender, type, record.subspan(header_bytes));
  }
  return true;
}

void CapturedTls::take_content(Role sender, std::uint8_t type, Bytes bytes) {
  if (type == content::handshake) {
    take_handshake(sender, bytes);
  } else if (type == content::application_data) {
    std::vector<std::uint8_t>& data = direction(sender).data;
    data.insert(data.end(), bytes.begin(), bytes.end());
  }
}

void CapturedTls::take_handshake(Role sender, Bytes bytes) {
  std::vector<std::uint8_t>& messages = direction(sender).handshake;
  messages.insert(messages.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (fault_.empty() && messages.size() - at >= 4) {
    const std::uint8_t* header = messages.data() + at;
    const std::size_t size = std::size_t{header[1]} << 16U | std::size_t{header[2]} << 8U | header[3];
    if (messages.size() - at < 4 + size) break;
    take_message(sender, header[0], Bytes{messages}.subspan(at + 4, size));
    at += 4 + size;
  }
  if (!fault_.empty()) return;
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(at));
  if (messages.size() > max_handshake_bytes) fail("a message of the TLS handshake does not end");
}

void CapturedTls::take_message(Role sender, std::uint8_t type, Bytes body) {
  const bool is_client = sender == Role::client;
  if (type == message::client_hello && is_client) {
    take_client_hello(body);
  } else if (type == message::server_hello && !is_client) {
    take_server_hello(body);
  } else if (version_ != Version::tls_1_3) {
    return;
  } else if (type == message::finished) {
    use_secret(sender, log_.find(client_random_,
                                 is_client ? TlsKeyLog::Label::client_traffic : TlsKeyLog::Label::server_traffic));
  } else if (type == message::key_update) {
    update_keys(sender);
  } else if (type == message::end_of_early_data) {
    early_data_ = false;
  }
}

void CapturedTls::take_client_hello(Bytes body) {
  if (direction(Role::client).encrypted) return fail("the TLS connection negotiates anew, which cannot be read");
  Fields fields{body};
  static_cast<void>(fields.u16());
  const Bytes random = fields.take(client_random_.size());
  static_cast<void>(fields.with_size_1());
  static_cast<void>(fields.with_size_2());
  static_cast<void>(fields.with_size_1());
  if (fields.is_short()) return fail("the ClientHello is damaged");
  std::ranges::copy(random, client_random_.begin());
  hello_seen_ = true;
  early_data_ = find_extension(fields.with_size_2(), extension_early_data).has_value();
  if (!log_.knows(client_random_)) fail("the key log has no secrets of this connection");
}

void CapturedTls::take_server_hello(Bytes body) {
  if (!hello_seen_) return fail("the TLS handshake was not captured");
  Fields fields{body};
  const std::uint16_t version = fields.u16();
  const Bytes random = fields.take(server_random_.size());
  static_cast<void>(fields.with_size_1());
  const std::uint16_t suite_number = fields.u16();
  static_cast<void>(fields.take(1));
  if (fields.is_short()) return fail("the ServerHello is damaged");
  std::ranges::copy(random, server_random_.begin());
  if (server_random_ == retry_random) return;
  const Bytes extensions = fields.empty() ? Bytes{} : fields.with_size_2();
  const auto versions = find_extension(extensions, extension_supported_versions);
  const bool is_1_3 = versions && versions->size() == 2 && load_big_endian<std::uint16_t>(versions->data()) == 0x0304;
  if (!is_1_3 && version != 0x0303) return fail("the connection speaks a version of TLS before 1.2");
  const auto suite = find_tls_suite(suite_number);
  if (!suite) {
    return fail(fmt::format("the cipher suite 0x{:04X} is neither AES-GCM nor ChaCha20-Poly1305", suite_number));
  }
  suite_ = *suite;
  version_ = is_1_3 ? Version::tls_1_3 : Version::tls_1_2;
  if (!is_1_3) return;
  use_secret(Role::client, log_.find(client_random_, TlsKeyLog::Label::client_handshake));
  use_secret(Role::server, log_.find(client_random_, TlsKeyLog::Label::server_handshake));
  const Bytes early = log_.find(client_random_, TlsKeyLog::Label::client_early);
  if (early_data_ && !early.empty()) early_keys_ = traffic_keys(crypto_, suite_.hash, suite_.cipher, early);
}

void CapturedTls::change_cipher_spec(Role sender) {
  const Bytes master = log_.find(client_random_, TlsKeyLog::Label::master_secret);
  auto keys = master.empty()
                  ? std::nullopt
                  : tls_1_2_keys(crypto_, suite_.hash, suite_.cipher, master, client_random_, server_random_);
  if (!keys) return fail("the key log has no secrets of this connection");
  Direction& from = direction(sender);
  from.keys = sender == Role::client ? std::move(keys->client) : std::move(keys->server);
  from.sequence = 0;
  from.encrypted = true;
}

void CapturedTls::use_secret(Role sender, Bytes secret) {
  Direction& from = direction(sender);
  from.secret.assign(secret.begin(), secret.end());
  from.keys = secret.empty() ? std::nullopt : traffic_keys(crypto_, suite_.hash, suite_.cipher, secret);
  if (!from.keys) return fail("the key log has not all secrets of this connection");
  from.sequence = 0;
  from.encrypted = true;
}

void CapturedTls::update_keys(Role sender) {
  const auto next =
      expand_label(crypto_, suite_.hash, direction(sender).secret, "traffic upd", digest_bytes(suite_.hash));
  use_secret(sender, next ? Bytes{*next} : Bytes{});
}

void CapturedTls::take_encrypted(Role sender, Bytes record) {
  Direction& from = direction(sender);
  if (!from.keys) return fail("the key log has no secrets of this connection");
  if (version_ == Version::tls_1_2) {
    if (const auto plain = unseal_1_2(from, record)) return take_content(sender, record[0], *plain);
    return fail("a TLS record cannot be decrypted: the key log is of another connection, or the capture is damaged");
  }
  const bool may_be_early = sender == Role::client && early_data_;
  if (may_be_early) {
    if (const auto plain = unseal_early(record)) return take_inner(sender, *plain);
  }
  if (const auto plain = unseal_1_3(*from.keys, from.sequence, record)) {
    if (sender == Role::client) early_data_ = false;
    ++from.sequence;
    return take_inner(sender, *plain);
  }
  // Early data that the server does not take is not meant for it, and it passes over it, too.
  if (!may_be_early) {
    fail("a TLS record cannot be decrypted: the key log is of another connection, or the capture is damaged");
  }
}

// RFC 5288, 3 and RFC 7905, 2
std::optional<std::vector<std::uint8_t>> CapturedTls::unseal_1_2(Direction& from, Bytes record) const {
  Bytes sealed = record.subspan(header_bytes);
  TlsSecret nonce;
  if (from.keys->cipher == SealingCipher::chacha20_poly1305) {
    nonce = nonce_of(*from.keys, from.sequence);
  } else {
    if (sealed.size() < 8) return std::nullopt;
    nonce = from.keys->nonce;
    nonce.insert(nonce.end(), sealed.begin(), sealed.begin() + 8);
    sealed = sealed.subspan(8);
  }
  if (sealed.size() < seal_tag_bytes) return std::nullopt;
  const std::size_t size = sealed.size() - seal_tag_bytes;
  const auto number = as_sequence(from.sequence++);
  std::array<std::uint8_t, 13> associated;
  std::ranges::copy(number, associated.begin());
  std::ranges::copy(record.first(3), associated.begin() + 8);
  associated[11] = static_cast<std::uint8_t>(size >> 8U);
  associated[12] = static_cast<std::uint8_t>(size);
  return crypto_.unseal(from.keys->cipher, from.keys->key, nonce, associated, sealed);
}

// RFC 8446, 5.2
std::optional<std::vector<std::uint8_t>> CapturedTls::unseal_1_3(const TlsKeys& keys, std::uint64_t sequence,
                                                                 Bytes record) const {
  if (record.size() < header_bytes + seal_tag_bytes) return std::nullopt;
  return crypto_.unseal(keys.cipher, keys.key, nonce_of(keys, sequence), record.first(header_bytes),
                        record.subspan(header_bytes));
}

std::optional<std::vector<std::uint8_t>> CapturedTls::unseal_early(Bytes record) {
  if (!early_keys_) return std::nullopt;
  auto plain = unseal_1_3(*early_keys_, early_sequence_, record);
  if (plain) ++early_sequence_;
  return plain;
}

// The content, its type, and zeros behind it.
void CapturedTls::take_inner(Role sender, Bytes plain) {
  while (!plain.empty() && plain.back() == 0) plain = plain.first(plain.size() - 1);
  if (plain.empty()) return;
  take_content(sender, plain.back(), plain.first(plain.size() - 1));
}

}  // namespace mqtk
