#include "net/tls_identity.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "net/tls_engine.hpp"

namespace mqtk {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(PKCS12* bag) const { PKCS12_free(bag); }
  void operator()(OSSL_STORE_CTX* store) const { OSSL_STORE_close(store); }
  void operator()(OSSL_STORE_INFO* info) const { OSSL_STORE_INFO_free(info); }
  void operator()(UI_METHOD* method) const { UI_destroy_method(method); }
  void operator()(STACK_OF(X509) * certificates) const { sk_X509_pop_free(certificates, X509_free); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter>;
using Certificate = std::unique_ptr<X509, Deleter>;
using MemoryBio = std::unique_ptr<BIO, Deleter>;

constexpr std::size_t max_file_bytes = 16U * 1024 * 1024;

std::unexpected<std::string> refusal(const std::string& what, const std::string& file, const std::string& why) {
  return std::unexpected(fmt::format("{} '{}': {}", what, file, why));
}

std::expected<std::string, std::string> contents(const std::string& what, const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return refusal(what, file, "this is a directory");
  }
  errno = 0;
  std::ifstream input(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(input), {}};
  if (!input.is_open() || input.bad()) {
    const int error = errno == 0 ? EIO : errno;
    return refusal(what, file, "cannot be read: " + std::system_category().message(error));
  }
  if (text.size() > max_file_bytes) return refusal(what, file, "is larger than 16 MiB");
  return text;
}

MemoryBio memory_bio(const std::string& text) {
  return MemoryBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool is_pem(const std::string& text) { return text.contains("-----BEGIN "); }

// What OpenSSL's callback is given: how to ask, and what came of it.
struct PassPhrase {
  const TlsCommonOptions& options;
  bool asked = false;
  bool given = false;

  std::optional<std::string> get() {
    asked = true;
    auto phrase = options.pass_phrase ? options.pass_phrase() : std::nullopt;
    given = phrase.has_value();
    return phrase;
  }
  static int callback(char* buffer, int size, int /*for_writing*/, void* self) {
    const auto phrase = static_cast<PassPhrase*>(self)->get();
    if (!phrase || phrase->size() > static_cast<std::size_t>(size)) return -1;
    std::ranges::copy(*phrase, buffer);
    return static_cast<int>(phrase->size());
  }
  [[nodiscard]] std::string failure() const {
    if (!asked) return "holds no private key that OpenSSL can read: " + openssl_reason();
    return given ? "the pass phrase is wrong" : "is encrypted; a pass phrase is needed";
  }
};

Loaded use_chain(SSL_CTX* context, const std::string& what, const std::string& file, const std::string& pem) {
  const MemoryBio bio = memory_bio(pem);
  const Certificate first(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (first == nullptr) return refusal(what, file, "holds no certificate");
  if (SSL_CTX_use_certificate(context, first.get()) != 1) return refusal(what, file, openssl_reason());
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context, next);
  }
  ERR_clear_error();  // the end of the file
  return {};
}

Loaded use_key(SSL_CTX* context, const std::string& what, const std::string& file, EVP_PKEY* key) {
  // OpenSSL compares the key with the certificate that is there already.
  if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return refusal(what, file, "the key does not belong to the certificate");
  }
  return {};
}

Loaded use_pkcs12(SSL_CTX* context, const std::string& what, const std::string& file, const std::string& text,
                  const TlsCommonOptions& options) {
  const MemoryBio bio = memory_bio(text);
  const std::unique_ptr<PKCS12, Deleter> bag(d2i_PKCS12_bio(bio.get(), nullptr));
  if (bag == nullptr) return refusal(what, file, "is neither PEM nor PKCS#12");
  PassPhrase phrase{options};
  std::string words;
  const bool open = PKCS12_verify_mac(bag.get(), nullptr, 0) == 1 || PKCS12_verify_mac(bag.get(), "", 0) == 1;
  if (!open) {
    words = phrase.get().value_or("");
    if (!phrase.given || PKCS12_verify_mac(bag.get(), words.c_str(), -1) != 1) {
      return refusal(what, file, phrase.failure());
    }
  }
  EVP_PKEY* raw_key = nullptr;
  X509* raw_certificate = nullptr;
  STACK_OF(X509)* raw_others = nullptr;
  const bool parsed = PKCS12_parse(bag.get(), words.c_str(), &raw_key, &raw_certificate, &raw_others) == 1;
  const Key key(raw_key);
  const Certificate certificate(raw_certificate);
  const std::unique_ptr<STACK_OF(X509), Deleter> others(raw_others);
  if (!parsed) return refusal(what, file, openssl_reason());
  if (key == nullptr || certificate == nullptr) return refusal(what, file, "holds no certificate with its key");
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1) return refusal(what, file, openssl_reason());
  for (int i = 0; i < sk_X509_num(others.get()); ++i) {
    SSL_CTX_add1_chain_cert(context, sk_X509_value(others.get(), i));
  }
  return use_key(context, what, file, key.get());
}

// Names of what providers of OpenSSL keep, such as a key in a token (RFC 7512), and files in the same way.
bool is_store_uri(std::string_view name) { return name.starts_with("pkcs11:") || name.starts_with("file:"); }

// What a store has under a name. Which stores there are is a matter of OpenSSL's configuration.
struct Stored {
  Key key;
  std::vector<Certificate> certificates;
};

enum class Wanted : unsigned char { certificate, key };

// From a token that no provider of a store knows.
std::expected<Stored, std::string> load_from_engine(const std::string& uri, Wanted wanted, UI_METHOD* ask,
                                                    PassPhrase& phrase) {
  Stored stored;
  if (wanted == Wanted::key) {
    const auto key = engine_key(uri, ask, &phrase);
    if (!key) return std::unexpected(key.error());
    stored.key.reset(*key);
    return stored;
  }
  const auto certificate = engine_certificate(uri);
  if (!certificate) return std::unexpected(certificate.error());
  stored.certificates.emplace_back(*certificate);
  return stored;
}

std::expected<Stored, std::string> load_stored(const std::string& what, const std::string& uri, Wanted wanted,
                                               const TlsCommonOptions& options) {
  PassPhrase phrase{options};
  const std::unique_ptr<UI_METHOD, Deleter> ask(UI_UTIL_wrap_read_pem_callback(&PassPhrase::callback, 0));
  const std::unique_ptr<OSSL_STORE_CTX, Deleter> store(
      OSSL_STORE_open(uri.c_str(), ask.get(), &phrase, nullptr, nullptr));
  if (store == nullptr && uri.starts_with("pkcs11:")) {
    ERR_clear_error();
    auto stored = load_from_engine(uri, wanted, ask.get(), phrase);
    if (stored) return stored;
    return refusal(
        what, uri,
        stored.error() + "; check it with p11tool, and that OpenSSL has a provider or an engine for PKCS#11");
  }
  if (store == nullptr) return refusal(what, uri, "cannot be opened: " + openssl_reason());
  Stored stored;
  while (OSSL_STORE_eof(store.get()) == 0) {
    const std::unique_ptr<OSSL_STORE_INFO, Deleter> info(OSSL_STORE_load(store.get()));
    if (info == nullptr) continue;  // an object that cannot be read
    const int type = OSSL_STORE_INFO_get_type(info.get());
    if (type == OSSL_STORE_INFO_PKEY && stored.key == nullptr) stored.key.reset(OSSL_STORE_INFO_get1_PKEY(info.get()));
    if (type == OSSL_STORE_INFO_CERT) stored.certificates.emplace_back(OSSL_STORE_INFO_get1_CERT(info.get()));
  }
  if (stored.key == nullptr && stored.certificates.empty()) {
    return refusal(what, uri, phrase.asked ? phrase.failure() : "holds neither key nor certificate that can be used");
  }
  ERR_clear_error();  // of what was passed over
  return stored;
}

Loaded use_stored_chain(SSL_CTX* context, const std::string& uri, const std::vector<Certificate>& certificates) {
  if (certificates.empty()) return refusal("certificate file", uri, "holds no certificate");
  if (SSL_CTX_use_certificate(context, certificates.front().get()) != 1) {
    return refusal("certificate file", uri, openssl_reason());
  }
  for (std::size_t i = 1; i < certificates.size(); ++i) SSL_CTX_add1_chain_cert(context, certificates[i].get());
  return {};
}

// With the certificate, which a token may keep in the same place.
Loaded use_certificates(SSL_CTX* context, const TlsCommonOptions& options, Key& key_beside) {
  const std::string what = "certificate file";
  if (is_store_uri(options.certificate_file)) {
    auto stored = load_stored(what, options.certificate_file, Wanted::certificate, options);
    if (!stored) return std::unexpected(stored.error());
    key_beside = std::move(stored->key);
    return use_stored_chain(context, options.certificate_file, stored->certificates);
  }
  const auto text = contents(what, options.certificate_file);
  if (!text) return std::unexpected(text.error());
  return use_chain(context, what, options.certificate_file, *text);
}

std::expected<Key, std::string> load_key(const std::string& what, const std::string& file,
                                         const TlsCommonOptions& options) {
  if (is_store_uri(file)) {
    auto stored = load_stored(what, file, Wanted::key, options);
    if (!stored) return std::unexpected(stored.error());
    if (stored->key == nullptr) return refusal(what, file, "holds no private key");
    return std::move(stored->key);
  }
  const auto text = contents(what, file);
  if (!text) return std::unexpected(text.error());
  const MemoryBio bio = memory_bio(*text);
  PassPhrase phrase{options};
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &PassPhrase::callback, &phrase));
  if (key == nullptr) return refusal(what, file, phrase.failure());
  return key;
}

}  // namespace

std::string openssl_reason() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

Loaded load_identity(ssl_ctx_st* context, const TlsCommonOptions& options) {
  if (options.certificate_file.empty()) {
    if (options.key_file.empty()) return {};
    return std::unexpected(fmt::format("key file '{}': a key is of use only with its certificate", options.key_file));
  }
  const std::string what = "certificate file";
  if (!is_store_uri(options.certificate_file)) {
    const auto text = contents(what, options.certificate_file);
    if (!text) return std::unexpected(text.error());
    if (!is_pem(*text)) return use_pkcs12(context, what, options.certificate_file, *text, options);
  }
  Key key;
  if (auto used = use_certificates(context, options, key); !used) return used;

  const std::string key_what = options.key_file.empty() ? what : "key file";
  const std::string& key_file = options.key_file.empty() ? options.certificate_file : options.key_file;
  if (key == nullptr || !options.key_file.empty()) {
    auto loaded = load_key(key_what, key_file, options);
    if (!loaded) return std::unexpected(loaded.error());
    key = std::move(*loaded);
  }
  return use_key(context, key_what, key_file, key.get());
}

Loaded use_identity(ssl_ctx_st* context, const std::string& certificate, const std::string& key_text) {
  if (auto used = use_chain(context, "certificate", "in memory", certificate); !used) return used;
  const MemoryBio bio = memory_bio(key_text);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  return use_key(context, "key", "in memory", key.get());
}

Loaded load_authorities(ssl_ctx_st* context, const TlsCommonOptions& options) {
  if (options.ca_file.empty() && options.ca_directory.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  if (!options.ca_file.empty()) {
    const auto text = contents("CA file", options.ca_file);
    if (!text) return std::unexpected(text.error());
    const MemoryBio bio = memory_bio(*text);
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    int count = 0;
    while (X509* raw = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
      const Certificate certificate(raw);
      X509_STORE_add_cert(store, certificate.get());
      ++count;
    }
    ERR_clear_error();
    if (count == 0) return refusal("CA file", options.ca_file, "holds no certificate in PEM form");
  }
  if (options.ca_directory.empty()) return {};
  struct stat status{};
  if (::stat(options.ca_directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return refusal("CA directory", options.ca_directory, "is no directory that can be read");
  }
  SSL_CTX_load_verify_dir(context, options.ca_directory.c_str());
  return {};
}

}  // namespace mqtk
