#include "capture/tls_key_schedule.hpp"

#include <algorithm>

namespace mqtk {
namespace {

TlsSecret part_of(const TlsSecret& block, std::size_t& at, std::size_t size) {
  const auto from = block.begin() + static_cast<std::ptrdiff_t>(at);
  at += size;
  return {from, from + static_cast<std::ptrdiff_t>(size)};
}

void append(TlsSecret& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// RFC 5869, 2.3
std::optional<TlsSecret> hkdf_expand(const TlsCrypto& crypto, HashFunction hash, Bytes secret, Bytes info,
                                     std::size_t size) {
  TlsSecret out;
  TlsSecret block;
  for (std::uint8_t number = 1; out.size() < size; ++number) {
    TlsSecret input = block;
    append(input, info);
    input.push_back(number);
    auto next = crypto.hmac(hash, secret, input);
    if (!next) return std::nullopt;
    block = std::move(*next);
    append(out, block);
  }
  out.resize(size);
  return out;
}

}  // namespace

std::optional<TlsSecret> expand_label(const TlsCrypto& crypto, HashFunction hash, Bytes secret, std::string_view label,
                                      std::size_t size) {
  constexpr std::string_view prefix = "tls13 ";
  TlsSecret info{static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size),
                 static_cast<std::uint8_t>(prefix.size() + label.size())};
  append(info, as_bytes(prefix));
  append(info, as_bytes(label));
  info.push_back(0);
  return hkdf_expand(crypto, hash, secret, info, size);
}

std::optional<TlsKeys> traffic_keys(const TlsCrypto& crypto, HashFunction hash, SealingCipher cipher, Bytes secret) {
  auto key = expand_label(crypto, hash, secret, "key", key_bytes(cipher));
  auto nonce = expand_label(crypto, hash, secret, "iv", seal_nonce_bytes);
  if (!key || !nonce) return std::nullopt;
  return TlsKeys{cipher, std::move(*key), std::move(*nonce)};
}

std::optional<TlsSecret> tls_1_2_prf(const TlsCrypto& crypto, HashFunction hash, Bytes secret, std::string_view label,
                                     Bytes seed, std::size_t size) {
  TlsSecret labelled;
  append(labelled, as_bytes(label));
  append(labelled, seed);
  TlsSecret out;
  TlsSecret chain = labelled;
  while (out.size() < size) {
    auto next = crypto.hmac(hash, secret, chain);
    if (!next) return std::nullopt;
    chain = std::move(*next);
    TlsSecret input = chain;
    append(input, labelled);
    const auto block = crypto.hmac(hash, secret, input);
    if (!block) return std::nullopt;
    append(out, *block);
  }
  out.resize(size);
  return out;
}

std::optional<TlsKeyPair> tls_1_2_keys(const TlsCrypto& crypto, HashFunction hash, SealingCipher cipher,
                                       Bytes master_secret, Bytes client_random, Bytes server_random) {
  TlsSecret seed;
  append(seed, server_random);
  append(seed, client_random);
  const std::size_t key_size = key_bytes(cipher);
  const std::size_t nonce_size = cipher == SealingCipher::chacha20_poly1305 ? seal_nonce_bytes : 4;
  const auto block = tls_1_2_prf(crypto, hash, master_secret, "key expansion", seed, 2 * (key_size + nonce_size));
  if (!block) return std::nullopt;
  TlsKeyPair pair;
  pair.client.cipher = pair.server.cipher = cipher;
  std::size_t at = 0;
  pair.client.key = part_of(*block, at, key_size);
  pair.server.key = part_of(*block, at, key_size);
  pair.client.nonce = part_of(*block, at, nonce_size);
  pair.server.nonce = part_of(*block, at, nonce_size);
  return pair;
}

std::optional<TlsSuite> find_tls_suite(std::uint16_t number) {
  constexpr TlsSuite aes_128{HashFunction::sha256, SealingCipher::aes_128_gcm};
  constexpr TlsSuite aes_256{HashFunction::sha384, SealingCipher::aes_256_gcm};
  constexpr TlsSuite chacha{HashFunction::sha256, SealingCipher::chacha20_poly1305};
  switch (number) {
    case 0x1301:                  // TLS 1.3
    case 0x009C:                  // RSA
    case 0x009E:                  // DHE-RSA
    case 0x00A8:                  // PSK
    case 0x00AA:                  // DHE-PSK
    case 0xC02B:                  // ECDHE-ECDSA
    case 0xC02F:                  // ECDHE-RSA
    case 0xD001: return aes_128;  // ECDHE-PSK
    case 0x1302:
    case 0x009D:
    case 0x009F:
    case 0x00A9:
    case 0x00AB:
    case 0xC02C:
    case 0xC030:
    case 0xD002: return aes_256;
    case 0x1303:
    case 0xCCA8:                 // ECDHE-RSA
    case 0xCCA9:                 // ECDHE-ECDSA
    case 0xCCAA:                 // DHE-RSA
    case 0xCCAB:                 // PSK
    case 0xCCAC:                 // ECDHE-PSK
    case 0xCCAD: return chacha;  // DHE-PSK
    default: return std::nullopt;
  }
}

}  // namespace mqtk
