// A TLS connection read with the secrets of a key log: records of both directions to the data in them.
//
// TLS 1.2 and 1.3 with AES-GCM and ChaCha20-Poly1305. Bytes that are missing end it: without them nobody knows which
// record the next one is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/tls_key_log.hpp"
#include "codec/types.hpp"

namespace mqtk {

class CapturedTls {
 public:
  // Both outlive the connection.
  CapturedTls(const TlsKeyLog& log, const TlsCrypto& crypto) : log_(log), crypto_(crypto) {}

  // Bytes from the client or the server, in order. Appends what they carry, which may be data that came earlier: that
  // of the other side is in its own output.
  void take(Role sender, Bytes bytes);
  // The data of one direction since the last call; the caller may take the memory.
  [[nodiscard]] std::vector<std::uint8_t>& data(Role sender) { return direction(sender).data; }

  // Why nothing more can be read; empty if all is well.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  void lose() { fail("bytes are missing in the TLS connection, so what follows cannot be decrypted"); }
  // What waits for the rest of a record or for the other side cannot be kept.
  void give_up() { fail("too much of the TLS connection waits for what was not captured"); }
  // Memory that it takes beside its own.
  [[nodiscard]] std::size_t held_bytes() const {
    std::size_t bytes = 0;
    for (const Direction& each : directions_) {
      bytes += each.records.capacity() + each.handshake.capacity() + each.data.capacity();
    }
    return bytes;
  }

 private:
  struct Direction {
    std::vector<std::uint8_t> records;    // not yet read
    std::vector<std::uint8_t> handshake;  // messages, not yet whole
    std::vector<std::uint8_t> data;
    std::optional<TlsKeys> keys;
    TlsSecret secret;  // of TLS 1.3, that the keys came from
    std::uint64_t sequence = 0;
    bool encrypted = false;
  };
  enum class Version : std::uint8_t { unknown, tls_1_2, tls_1_3 };

  [[nodiscard]] Direction& direction(Role sender) { return directions_[sender == Role::server ? 1 : 0]; }
  void read_records(Role sender);
  // False where the record has to wait for the other side's.
  [[nodiscard]] bool take_record(Role sender, Bytes record);
  void take_content(Role sender, std::uint8_t type, Bytes content);
  void take_handshake(Role sender, Bytes bytes);
  void take_message(Role sender, std::uint8_t type, Bytes body);
  void take_client_hello(Bytes body);
  void take_server_hello(Bytes body);
  void change_cipher_spec(Role sender);
  void use_secret(Role sender, Bytes secret);
  void update_keys(Role sender);
  void take_encrypted(Role sender, Bytes record);
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal_1_2(Direction& from, Bytes record) const;
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal_1_3(const TlsKeys& keys, std::uint64_t sequence,
                                                                    Bytes record) const;
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal_early(Bytes record);
  void take_inner(Role sender, Bytes plain);
  void fail(std::string why);

  const TlsKeyLog& log_;
  const TlsCrypto& crypto_;
  std::array<Direction, 2> directions_;
  Version version_ = Version::unknown;
  TlsSuite suite_;
  bool hello_seen_ = false;
  TlsKeyLog::Random client_random_{};
  TlsKeyLog::Random server_random_{};
  bool early_data_ = false;  // the client may send some, until it does not
  std::optional<TlsKeys> early_keys_;
  std::uint64_t early_sequence_ = 0;
  std::string fault_;
};

}  // namespace mqtk
