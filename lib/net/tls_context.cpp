#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "net/openssl.hpp"
#include "net/self_signed.hpp"
#include "net/tls_context_parts.hpp"
#include "net/tls_fault.hpp"
#include "net/tls_identity.hpp"
#include "net/tls_peer.hpp"

namespace mqtk {

// OpenSSL finds it with SSL_CTX_get_app_data.
TlsContext::Parts::Parts() : context(SSL_CTX_new(TLS_method())) {
  SSL_CTX_set_app_data(context, this);
  // The bytes of an idle connection: its buffers are given back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // An MQTT packet says how long it is, so nobody can cut a message short by closing early.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  // One read of the socket brings several records.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 32 * 1024);
}

TlsContext::Parts::~Parts() {
  for (const auto& [peer, session] : sessions_) SSL_SESSION_free(session);
  SSL_CTX_free(context);
}

ssl_session_st* TlsContext::Parts::take_session(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(peer);
  if (found == sessions_.end()) return nullptr;
  SSL_SESSION* session = found->second;
  SSL_SESSION_up_ref(session);
  return session;
}

void TlsContext::Parts::keep_session(const std::string& peer, ssl_session_st* session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= max_sessions && !sessions_.contains(peer)) return SSL_SESSION_free(session);
  SSL_SESSION*& place = sessions_[peer];
  if (place != nullptr) SSL_SESSION_free(place);
  place = session;
}

const TlsPresharedKey* TlsContext::Parts::find_preshared_key(std::string_view identity) const {
  const auto found = std::ranges::find(preshared_keys, identity, &TlsPresharedKey::identity);
  return found == preshared_keys.end() ? nullptr : &*found;
}

namespace {

TlsContext::Parts& parts_of(const SSL* ssl) {
  return *static_cast<TlsContext::Parts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

// --- callbacks of OpenSSL
// ----------------------------------------------------------------------------------------------

unsigned int client_key(SSL* ssl, const char* /*hint*/, char* identity, unsigned int max_identity, unsigned char* key,
                        unsigned int max_key) {
  const TlsPresharedKey& ours = parts_of(ssl).preshared_keys.front();
  if (ours.identity.size() >= max_identity || ours.key.size() > max_key) return 0;
  std::memcpy(identity, ours.identity.c_str(), ours.identity.size() + 1);
  std::memcpy(key, ours.key.data(), ours.key.size());
  return static_cast<unsigned int>(ours.key.size());
}

unsigned int server_key(SSL* ssl, const char* identity, unsigned char* key, unsigned int max_key) {
  const TlsPresharedKey* found = parts_of(ssl).find_preshared_key(identity);
  if (found == nullptr || found->key.size() > max_key) return 0;
  std::memcpy(key, found->key.data(), found->key.size());
  static_cast<TlsPeer*>(SSL_get_app_data(ssl))->psk_identity = identity;
  return static_cast<unsigned int>(found->key.size());
}

int select_alpn(SSL* ssl, const unsigned char** selected, unsigned char* size, const unsigned char* offered,
                unsigned int offered_size, void* /*argument*/) {
  const std::string& ours = parts_of(ssl).alpn;
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned int>(ours.size()), offered, offered_size);
  *selected = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void log_key(const SSL* ssl, const char* line) {
  const std::string text = std::string(line) + '\n';
  // A line of the log that cannot be written is no reason to fail.
  [[maybe_unused]] const auto written = ::write(parts_of(ssl).key_log.number(), text.data(), text.size());
}

// --- what both sides have in common
// ------------------------------------------------------------------------------------

Loaded set_ciphers(SSL_CTX* context, const std::string& ciphers) {
  std::string modern;
  std::string older;
  for (std::size_t at = 0; at < ciphers.size();) {
    const std::size_t end = std::min(ciphers.find_first_of(":,", at), ciphers.size());
    const std::string name = ciphers.substr(at, end - at);
    std::string& list = name.starts_with("TLS_") ? modern : older;
    list += (list.empty() ? "" : ":") + name;
    at = end + 1;
  }
  if (!modern.empty() && SSL_CTX_set_ciphersuites(context, modern.c_str()) != 1) {
    return std::unexpected(fmt::format("ciphers '{}': OpenSSL knows none of them", modern));
  }
  if (!older.empty() && SSL_CTX_set_cipher_list(context, older.c_str()) != 1) {
    return std::unexpected(fmt::format("ciphers '{}': OpenSSL knows none of them", older));
  }
  return {};
}

Loaded set_alpn(TlsContext::Parts& parts, const std::vector<std::string>& protocols) {
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      return std::unexpected(fmt::format("ALPN '{}': a name has 1 to 255 bytes", protocol));
    }
    parts.alpn += static_cast<char>(protocol.size()) + protocol;
  }
  return {};
}

Loaded set_common(TlsContext::Parts& parts, const TlsCommonOptions& options) {
  SSL_CTX* context = parts.context;
  const bool modern = options.minimum_version == TlsVersion::tls1_3;
  SSL_CTX_set_min_proto_version(context, modern ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (auto set = set_ciphers(context, options.ciphers); !set) return set;
  if (auto set = set_alpn(parts, options.alpn); !set) return set;
  if (!options.key_log_file.empty()) {
    parts.key_log =
        FileDescriptor(::open(options.key_log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!parts.key_log.is_open()) {
      return std::unexpected(fmt::format("key log file '{}': cannot be written: {}", options.key_log_file,
                                         std::system_category().message(errno)));
    }
    SSL_CTX_set_keylog_callback(context, &log_key);
  }
  return load_identity(context, options);
}

std::unexpected<std::string> not_available() {
  return std::unexpected(make_error_code(TlsFault::not_available).message());
}

Loaded write_file(const std::string& file, const std::string& text) {
  std::ofstream output(file, std::ios::binary | std::ios::trunc);
  output << text;
  output.close();
  if (output) return {};
  return std::unexpected(
      fmt::format("CA file '{}': cannot be written: {}", file, std::system_category().message(errno)));
}

Loaded set_self_signed(SSL_CTX* context, const TlsServerOptions& options) {
  const auto made = make_self_signed(options.self_signed_for);
  if (!made) return std::unexpected("OpenSSL cannot make a certificate: " + openssl_reason());
  if (auto used = use_identity(context, made->certificate, made->key); !used) return used;
  return options.self_signed_ca_file.empty() ? Loaded{} : write_file(options.self_signed_ca_file, made->authority);
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TlsContext::~TlsContext() = default;

TlsContext::Made TlsContext::for_client(const TlsClientOptions& options) {
  if (!load_openssl()) return not_available();
  auto parts = std::make_unique<Parts>();
  SSL_CTX* context = parts->context;
  if (auto set = set_common(*parts, options); !set) return std::unexpected(set.error());
  const bool verifies = options.verification != TlsClientOptions::Verification::none;
  if (verifies) {
    if (auto loaded = load_authorities(context, options); !loaded) return std::unexpected(loaded.error());
  }
  SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, &note_verification);
  SSL_CTX_set_client_cert_cb(context, &note_certificate_request);
  if (!parts->alpn.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(parts->alpn.data()),
                            static_cast<unsigned int>(parts->alpn.size()));
  }
  if (options.preshared_key) {
    parts->preshared_keys = {*options.preshared_key};
    SSL_CTX_set_psk_client_callback(context, &client_key);
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &note_new_session);
  parts->server_name = options.server_name;
  parts->verification = options.verification;
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(parts)));
}

TlsContext::Made TlsContext::for_server(const TlsServerOptions& options) {
  if (!load_openssl()) return not_available();
  auto parts = std::make_unique<Parts>();
  SSL_CTX* context = parts->context;
  if (auto set = set_common(*parts, options); !set) return std::unexpected(set.error());
  if (!options.self_signed_for.empty()) {
    if (auto set = set_self_signed(context, options); !set) return std::unexpected(set.error());
  }
  using Wanted = TlsServerOptions::ClientCertificate;
  if (options.client_certificate != Wanted::none) {
    if (auto loaded = load_authorities(context, options); !loaded) return std::unexpected(loaded.error());
    if (!options.ca_file.empty()) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.ca_file.c_str()));
    const int must = options.client_certificate == Wanted::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, &note_verification);
  }
  if (!parts->alpn.empty()) SSL_CTX_set_alpn_select_cb(context, &select_alpn, nullptr);
  if (!options.preshared_keys.empty()) {
    parts->preshared_keys = options.preshared_keys;
    SSL_CTX_set_psk_server_callback(context, &server_key);
  }
  // Without a name of its own a server that asks for certificates resumes no sessions.
  const std::string name = "mqtk";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<unsigned int>(name.size()));
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(parts)));
}

}  // namespace mqtk
