// TLS records of both directions and a key log: nothing crashes, and after a fault nothing comes any more.
//
// The cryptography opens everything, so that what is inside is read, too.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "capture/tls_connection.hpp"
#include "expect.hpp"

namespace {

class OpenCrypto : public mqtk::TlsCrypto {
 public:
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> hmac(mqtk::HashFunction hash, mqtk::Bytes,
                                                              mqtk::Bytes) const override {
    return std::vector<std::uint8_t>(mqtk::digest_bytes(hash), 7);
  }
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal(mqtk::SealingCipher, mqtk::Bytes, mqtk::Bytes,
                                                                mqtk::Bytes, mqtk::Bytes sealed) const override {
    const mqtk::Bytes plain = sealed.first(sealed.size() - std::min(sealed.size(), mqtk::seal_tag_bytes));
    if (!plain.empty() && plain.front() == 0xFF) return std::nullopt;
    return std::vector<std::uint8_t>(plain.begin(), plain.end());
  }
};

// Secrets for the Client Randoms of 32 equal bytes, with all labels.
mqtk::TlsKeyLog log_of_everything() {
  mqtk::TlsKeyLog log;
  for (const char* label : {"CLIENT_RANDOM", "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                            "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}) {
    for (const char digit : {'0', '4'}) {
      (void)log.add(std::string{label} + ' ' + std::string(64, digit) + " 0102030405060708\n");
    }
  }
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mqtk;
  static const TlsKeyLog log = log_of_everything();
  static const OpenCrypto crypto;
  TlsKeyLog read;
  (void)read.add(as_text(Bytes{data, size}));
  CapturedTls connection{log, crypto};
  Bytes rest{data, size};
  // The first byte of each piece is its length, and its top bit whose it is.
  while (!rest.empty()) {
    const Role sender = (rest[0] & 0x80U) != 0 ? Role::server : Role::client;
    const std::size_t count = std::min<std::size_t>(rest[0] & 0x7FU, rest.size() - 1);
    const bool had_fault = !connection.fault().empty();
    connection.take(sender, rest.subspan(1, count));
    for (const Role role : {Role::client, Role::server}) {
      std::vector<std::uint8_t>& out = connection.data(role);
      expect(!had_fault || out.empty(), "nothing comes after a fault");
      out.clear();
    }
    rest = rest.subspan(1 + count);
  }
  return 0;
}
