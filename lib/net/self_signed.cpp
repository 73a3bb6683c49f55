#include "net/self_signed.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <utility>

namespace mqtk {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter>;
using Certificate = std::unique_ptr<X509, Deleter>;
using MemoryBio = std::unique_ptr<BIO, Deleter>;

constexpr long day_seconds = 24L * 60 * 60;

bool is_address(const std::string& name) {
  in6_addr ignored;
  return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

bool add_extension(X509* certificate, X509V3_CTX& context, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate begin_certificate(EVP_PKEY* key, const std::string& common_name) {
  Certificate certificate(X509_new());
  unsigned char serial[16];
  if (certificate == nullptr || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] &= 0x7FU;  // a positive number
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 365 * day_seconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

template <class Write>
std::string pem(Write write) {
  const MemoryBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += list.empty() ? "" : ",";
    list += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  return list;
}

}  // namespace

std::optional<SelfSigned> make_self_signed(const std::vector<std::string>& names) {
  const Key authority_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (authority_key == nullptr || key == nullptr || names.empty()) return std::nullopt;
  const Certificate authority = begin_certificate(authority_key.get(), "mqtk broker, made for this run");
  const Certificate certificate = begin_certificate(key.get(), names.front());
  if (authority == nullptr || certificate == nullptr) return std::nullopt;

  X509V3_CTX context;
  X509V3_set_ctx(&context, authority.get(), authority.get(), nullptr, nullptr, 0);
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  bool made = add_extension(authority.get(), context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(authority.get(), context, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(authority.get(), context, NID_subject_key_identifier, "hash") &&
              X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0;

  X509V3_set_ctx(&context, authority.get(), certificate.get(), nullptr, nullptr, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  made = made && add_extension(certificate.get(), context, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate.get(), context, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate.get(), context, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate.get(), context, NID_authority_key_identifier, "keyid") &&
         add_extension(certificate.get(), context, NID_subject_alt_name, alternative_names(names)) &&
         X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0;
  if (!made) return std::nullopt;

  SelfSigned result;
  result.authority = pem([&](BIO* bio) { return PEM_write_bio_X509(bio, authority.get()); });
  result.certificate = pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  result.key =
      pem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return result;
}

}  // namespace mqtk
