// Engines are deprecated since OpenSSL 3.0, and some systems build it without.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "net/tls_engine.hpp"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/engine.h>

#include "net/tls_identity.hpp"

namespace mqtk {
namespace {

// Looked up by name, so that nothing but a token needs them.
struct EngineFunctions {
  decltype(&OPENSSL_init_crypto) init_crypto = nullptr;
  decltype(&ENGINE_by_id) by_id = nullptr;
  decltype(&ENGINE_init) init = nullptr;
  decltype(&ENGINE_free) free = nullptr;
  decltype(&ENGINE_ctrl_cmd) control = nullptr;
  decltype(&ENGINE_load_private_key) load_private_key = nullptr;

  [[nodiscard]] bool find() {
    void* const library = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    return library != nullptr && look_up(library, "OPENSSL_init_crypto", init_crypto) &&
           look_up(library, "ENGINE_by_id", by_id) && look_up(library, "ENGINE_init", init) &&
           look_up(library, "ENGINE_free", free) && look_up(library, "ENGINE_ctrl_cmd", control) &&
           look_up(library, "ENGINE_load_private_key", load_private_key);
  }

 private:
  template <class Function>
  [[nodiscard]] static bool look_up(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
  }
};

const EngineFunctions* engine_functions() {
  static EngineFunctions functions;
  static const bool found = functions.find();
  return found ? &functions : nullptr;
}

std::expected<ENGINE*, std::string> start_engine() {
  const EngineFunctions* const call = engine_functions();
  if (call == nullptr) return std::unexpected("this OpenSSL has no engines");
  call->init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, nullptr);
  ENGINE* const engine = call->by_id("pkcs11");
  if (engine == nullptr) return std::unexpected("there is neither a provider nor an engine for it");
  // Its own complaints would go to standard error.
  call->control(engine, "QUIET", 0, nullptr, nullptr, 1);
  if (call->init(engine) != 1) {
    call->free(engine);
    return std::unexpected("the engine pkcs11 does not start: " + openssl_reason());
  }
  return engine;
}

// Held until the process ends: its keys do not hold it, and without it their tokens are gone.
const std::expected<ENGINE*, std::string>& loaded_engine() {
  static const auto engine = start_engine();
  return engine;
}

}  // namespace

std::expected<x509_st*, std::string> engine_certificate(const std::string& uri) {
  const auto& engine = loaded_engine();
  if (!engine) return std::unexpected(engine.error());
  struct {
    const char* name;
    X509* found;
  } wanted{uri.c_str(), nullptr};  // as libp11 has it
  engine_functions()->control(*engine, "LOAD_CERT_CTRL", 0, &wanted, nullptr, 0);
  if (wanted.found == nullptr) return std::unexpected("the token has no such certificate: " + openssl_reason());
  return wanted.found;
}

std::expected<evp_pkey_st*, std::string> engine_key(const std::string& uri, ui_method_st* ask, void* data) {
  const auto& engine = loaded_engine();
  if (!engine) return std::unexpected(engine.error());
  EVP_PKEY* const key = engine_functions()->load_private_key(*engine, uri.c_str(), ask, data);
  if (key == nullptr) return std::unexpected("the token does not give such a key: " + openssl_reason());
  return key;
}

}  // namespace mqtk
