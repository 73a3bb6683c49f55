#include "net/tls_connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "net/tls_context_parts.hpp"
#include "net/tls_peer.hpp"

namespace mqtk {

struct TlsConnection::State {
  SSL* ssl = nullptr;
  std::shared_ptr<TlsContext> context;
  TlsPeer peer;
  NetworkConnection* under = nullptr;
  SendQueue* output = nullptr;  // records that wait for the connection below
  std::error_code read_error;   // of the connection below; once set, nothing more comes
  std::optional<TlsFacts> facts;
  bool open = false;
  bool drained = false;  // the connection below had no more when it was last read
  bool paused = false;
  bool read_due = false;   // on_readable is to be called although the connection below is silent
  bool write_due = false;  // likewise on_writable
  bool broken = false;     // OpenSSL must not be asked for a closing alert any more
};

namespace {

using State = TlsConnection::State;

constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t max_output_bytes = 256 * 1024;  // records made ahead of the network

// --- how OpenSSL reads and writes
// --------------------------------------------------------------------------------------

int read_under(BIO* bio, char* to, int size) {
  auto& state = *static_cast<State*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (state.read_error) return state.read_error == NetFault::end_of_stream ? 0 : -1;
  if (!state.drained) {
    const auto wanted = static_cast<std::size_t>(size);
    const auto count = state.under->read({reinterpret_cast<std::uint8_t*>(to), wanted});
    if (count) {
      state.drained = *count < wanted;
      return static_cast<int>(*count);
    }
    if (count.error() != std::errc::operation_would_block) {
      state.read_error = count.error();
      return state.read_error == NetFault::end_of_stream ? 0 : -1;
    }
    state.drained = true;
  }
  BIO_set_retry_read(bio);
  return -1;
}

int write_under(BIO* bio, const char* bytes, int size) {
  auto& state = *static_cast<State*>(BIO_get_data(bio));
  state.output->append(as_bytes({bytes, static_cast<std::size_t>(size)}));
  return size;
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return static_cast<State*>(BIO_get_data(bio))->read_error ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* make_bio(State& state) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mqtk network connection");
    BIO_meth_set_read(made, &read_under);
    BIO_meth_set_write(made, &write_under);
    BIO_meth_set_ctrl(made, &control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, &state);
  BIO_set_init(bio, 1);
  return bio;
}

bool is_address(const std::string& host) {
  in6_addr ignored;
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

// SSL_set_tlsext_host_name without its old-style cast.
void set_server_name(SSL* ssl, std::string name) {
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

// Fills up to one record with what is queued, so that many small packets make one record.
std::size_t take_plaintext(const SendQueue& queue, std::array<std::uint8_t, record_bytes>& plaintext) {
  std::array<Bytes, 64> parts;
  std::size_t size = 0;
  const std::size_t count = queue.gather(parts);
  for (std::size_t i = 0; i < count && size < plaintext.size(); ++i) {
    const std::size_t taken = std::min(parts[i].size(), plaintext.size() - size);
    std::memcpy(plaintext.data() + size, parts[i].data(), taken);
    size += taken;
  }
  return size;
}

}  // namespace

TlsConnection::TlsConnection(Loop& loop, std::unique_ptr<NetworkConnection> under)
    : LayeredConnection(std::move(under)), loop_(loop), state_(std::make_unique<State>()) {}

TlsConnection::~TlsConnection() {
  // A session is to be resumed also when the connection ends without the closing alerts.
  if (!state_->broken) SSL_set_shutdown(state_->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(state_->ssl);
}

std::unique_ptr<TlsConnection> TlsConnection::for_server(Loop& loop, std::shared_ptr<TlsContext> context,
                                                         std::unique_ptr<NetworkConnection> under) {
  std::unique_ptr<TlsConnection> connection(new TlsConnection(loop, std::move(under)));
  State& state = *connection->state_;
  state.under = connection->under_.get();
  state.output = &connection->output_;
  state.context = std::move(context);
  state.peer.context = &state.context->parts();
  state.peer.role = TlsPeer::Role::server;
  state.ssl = SSL_new(state.peer.context->context);
  SSL_set_app_data(state.ssl, &state.peer);
  BIO* bio = make_bio(state);
  SSL_set_bio(state.ssl, bio, bio);
  SSL_set_accept_state(state.ssl);
  return connection;
}

std::unique_ptr<TlsConnection> TlsConnection::for_client(Loop& loop, std::shared_ptr<TlsContext> context,
                                                         std::unique_ptr<NetworkConnection> under,
                                                         const std::string& host, std::uint16_t port) {
  auto connection = for_server(loop, std::move(context), std::move(under));
  State& state = *connection->state_;
  SSL* ssl = state.ssl;
  TlsContext::Parts& parts = *state.peer.context;
  state.peer.role = TlsPeer::Role::client;
  state.peer.host = parts.server_name.empty() ? host : parts.server_name;
  state.peer.session_key = fmt::format("{}:{} {}", host, port, state.peer.host);
  const std::string& name = state.peer.host;
  if (!is_address(name)) set_server_name(ssl, name);
  if (parts.verification == TlsClientOptions::Verification::full) {
    X509_VERIFY_PARAM* checks = SSL_get0_param(ssl);
    if (is_address(name)) {
      X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str());
    } else {
      X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      X509_VERIFY_PARAM_set1_host(checks, name.c_str(), name.size());
    }
  }
  if (SSL_SESSION* session = parts.take_session(state.peer.session_key)) {
    SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
  }
  SSL_set_connect_state(ssl);
  return connection;
}

const TlsFacts* TlsConnection::tls_facts() const { return state_->facts ? &*state_->facts : nullptr; }

void TlsConnection::start(NetworkConnectionListener& listener) {
  LayeredConnection::start(listener);
  state_->paused = false;
  if (state_->read_due || state_->write_due) loop_.call_at_turn_end(*this);
}

// --- the handshake
// -----------------------------------------------------------------------------------------------------

std::expected<bool, std::error_code> TlsConnection::advance() {
  State& state = *state_;
  if (!state.open) {
    ERR_clear_error();
    const int result = SSL_do_handshake(state.ssl);
    const std::error_code failure = result == 1 ? std::error_code{} : failure_after(result);
    // Also after a failure: the alert tells the peer why.
    const auto flushed = flush_output();
    if (failure && failure != std::errc::operation_would_block) return std::unexpected(failure);
    if (!flushed) return std::unexpected(flushed.error());
    if (failure) return false;
    state.open = true;
    state.facts = tls_facts_of(state.ssl, state.peer);
    if (SSL_has_pending(state.ssl) == 1) expect_more();
    if (state.write_due) loop_.call_at_turn_end(*this);
  }
  return true;
}

std::expected<bool, NetError> TlsConnection::shake_hands() {
  const auto done = advance();
  if (done) return *done;
  const std::string doing = fmt::format("TLS handshake with {}", state_->peer.host);
  return std::unexpected(NetError{doing, done.error(), is_tls_fault(done.error()) ? state_->peer.detail : ""});
}

std::error_code TlsConnection::failure_after(int result) {
  State& state = *state_;
  switch (SSL_get_error(state.ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return make_error_code(std::errc::operation_would_block);
    case SSL_ERROR_ZERO_RETURN:
      return state.open ? make_error_code(NetFault::end_of_stream) : make_error_code(TlsFault::closed);
    case SSL_ERROR_SSL: state.broken = true; return take_tls_failure(state.peer);
    default: break;
  }
  state.broken = true;
  ERR_clear_error();
  if (!state.open && failure_of(state.read_error) == NetFailure::lost) return TlsFault::closed;
  return state.read_error ? state.read_error : make_error_code(TlsFault::other);
}

// --- bytes
// -------------------------------------------------------------------------------------------------------------

std::expected<std::size_t, std::error_code> TlsConnection::read(MutableBytes to) {
  State& state = *state_;
  const auto done = advance();
  if (!done) return std::unexpected(done.error());
  if (!*done) return std::unexpected(make_error_code(std::errc::operation_would_block));
  std::size_t total = 0;
  std::error_code failure;
  ERR_clear_error();
  while (total < to.size() && !failure) {
    std::size_t count = 0;
    const int result = SSL_read_ex(state.ssl, to.data() + total, to.size() - total, &count);
    total += count;
    if (result != 1) failure = failure_after(0);
  }
  static_cast<void>(flush_output());
  if (total == 0) return std::unexpected(failure);
  // What is left is in OpenSSL, and the connection below does not tell it again.
  if (failure != std::errc::operation_would_block) expect_more();
  return total;
}

void TlsConnection::expect_more() {
  state_->read_due = true;
  loop_.call_at_turn_end(*this);
}

std::expected<FlushResult, std::error_code> TlsConnection::flush(SendQueue& queue) {
  State& state = *state_;
  const auto done = advance();
  if (!done) return std::unexpected(done.error());
  if (!*done) {
    if (queue.empty()) return FlushResult::all;
    state.write_due = true;
    return FlushResult::part;
  }
  for (;;) {
    std::array<std::uint8_t, record_bytes> plaintext;
    while (!queue.empty() && output_.size() < max_output_bytes) {
      const std::size_t size = take_plaintext(queue, plaintext);
      std::size_t written = 0;
      ERR_clear_error();
      if (SSL_write_ex(state.ssl, plaintext.data(), size, &written) != 1) return std::unexpected(failure_after(0));
      queue.consume(written);
    }
    const auto flushed = flush_output();
    if (!flushed) return std::unexpected(flushed.error());
    if (!*flushed) return FlushResult::part;
    if (queue.empty()) return FlushResult::all;
  }
}

void TlsConnection::on_readable() {
  state_->drained = false;
  LayeredConnection::on_readable();
}

void TlsConnection::on_turn_end() {
  if (listener_ == nullptr) return;
  if (std::exchange(state_->write_due, false)) {
    if (state_->read_due) loop_.call_at_turn_end(*this);
    return listener_->on_writable();
  }
  if (state_->paused || !std::exchange(state_->read_due, false)) return;
  state_->drained = false;
  listener_->on_readable();
}

void TlsConnection::pause_reading() {
  state_->paused = true;
  under_->pause_reading();
}

void TlsConnection::resume_reading() {
  state_->paused = false;
  if (state_->read_due) loop_.call_at_turn_end(*this);
  under_->resume_reading();
}

void TlsConnection::end_writing() {
  if (state_->open && !state_->broken) {
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(state_->ssl));
    static_cast<void>(flush_output());
  }
  under_->end_writing();
}

}  // namespace mqtk
