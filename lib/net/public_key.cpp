#include "net/public_key.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <vector>

#include "net/openssl.hpp"

namespace mqtk {
namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

constexpr int least_rsa_bits = 2048;
constexpr std::size_t number_bytes = 32;

// A number of 32 bytes as DER has it: without leading zeros, and with one where the first bit would say "negative".
void append_der_number(std::vector<std::uint8_t>& der, Bytes number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  const bool looks_negative = number.front() >= 0x80;
  der.push_back(0x02);
  der.push_back(static_cast<std::uint8_t>(number.size() + (looks_negative ? 1 : 0)));
  if (looks_negative) der.push_back(0);
  der.insert(der.end(), number.begin(), number.end());
}

std::vector<std::uint8_t> der_signature(Bytes numbers) {
  std::vector<std::uint8_t> der{0x30, 0};
  append_der_number(der, numbers.first(number_bytes));
  append_der_number(der, numbers.subspan(number_bytes));
  der[1] = static_cast<std::uint8_t>(der.size() - 2);
  return der;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> name{};
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
         std::string_view(name.data()) == "prime256v1";
}

}  // namespace

std::expected<PublicKey, std::string> PublicKey::from_pem(std::string_view text) {
  if (!load_openssl()) return std::unexpected("OpenSSL 3 is needed to check signatures");
  const std::unique_ptr<BIO, Deleter> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  EVP_PKEY* const read = PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr);
  ERR_clear_error();
  if (read == nullptr) return std::unexpected("holds no public key that can be read");
  std::shared_ptr<evp_pkey_st> key(read, [](EVP_PKEY* held) { EVP_PKEY_free(held); });
  const char* const name = EVP_PKEY_get0_type_name(read);
  const std::string_view type = name == nullptr ? "" : name;
  if (type == "RSA") {
    if (EVP_PKEY_get_bits(read) < least_rsa_bits) return std::unexpected("an RSA key has at least 2048 bits");
    return PublicKey{std::move(key), Kind::rsa};
  }
  if (type == "EC" && is_p256(read)) return PublicKey{std::move(key), Kind::p256};
  return std::unexpected("the key is neither RSA nor on the curve P-256");
}

bool PublicKey::verifies(Bytes data, Bytes signature) const {
  std::vector<std::uint8_t> der;
  if (kind_ == Kind::p256) {
    if (signature.size() != 2 * number_bytes) return false;
    der = der_signature(signature);
    signature = der;
  }
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  const bool right = context != nullptr &&
                     EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                     EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace mqtk
