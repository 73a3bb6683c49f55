#include "cli/handshake_remedy.hpp"

#include "net/handshake_fault.hpp"
#include "net/tls_fault.hpp"

namespace mqtk::cli {
namespace {

std::string_view remedy(TlsFault fault) {
  switch (fault) {
    case TlsFault::not_tls: return "use mqtt:// or ws:// at this port, or the port for TLS, usually 8883";
    case TlsFault::closed: return "this may not be the port for TLS, usually 8883; see the broker's log";
    case TlsFault::unknown_authority: return "give that authority's certificate with --ca-file";
    case TlsFault::self_signed: return "if it is the right one, give it with --ca-file";
    case TlsFault::expired:
    case TlsFault::not_yet_valid: return "the broker needs a new one, or this machine's clock is wrong";
    case TlsFault::wrong_host: return "connect to a name that it names, or give that one with --server-name";
    case TlsFault::weak_certificate: return "the broker needs a new one with a longer key and SHA-256";
    case TlsFault::revoked:
    case TlsFault::other_certificate_problem: return "the broker needs another one";
    case TlsFault::certificate_missing: return "give yours with --cert-file and --key-file";
    case TlsFault::certificate_rejected:
    case TlsFault::authority_unknown: return "give one that the broker accepts with --cert-file; see the broker's log";
    case TlsFault::certificate_expired: return "give a new one with --cert-file";
    case TlsFault::alpn_refused: return "check --alpn";
    case TlsFault::name_refused: return "check the host, or --server-name";
    case TlsFault::version_too_old: return "check --tls-version; the broker may speak only versions older than TLS 1.2";
    case TlsFault::no_common_cipher: return "check --ciphers, or whether the broker wants --psk or --cert-file";
    case TlsFault::psk_refused: return "check --psk-identity";
    case TlsFault::wrong_key: return "check --psk";
    case TlsFault::not_available: return "install OpenSSL 3 (Debian: libssl3)";
    default: return "see the broker's log";
  }
}

std::string_view remedy(HandshakeFault fault) {
  switch (fault) {
    case HandshakeFault::not_http: return "use mqtt:// at this port, or the port for WebSocket";
    case HandshakeFault::not_found: return "check the path; usual ones are /mqtt, /ws and /";
    case HandshakeFault::login_needed: return "check the path, and log in with --ws-header 'Authorization: ...'";
    case HandshakeFault::http_status:
      return "this is a web server; check port and path, whether it wants wss://, and that the broker behind it runs";
    case HandshakeFault::not_a_websocket: return "check port and path: this is a web server";
    case HandshakeFault::wrong_subprotocol: return "check port and path: this WebSocket is not for MQTT";
    case HandshakeFault::closed: return "check host and port: something else than expected listens there";
    case HandshakeFault::proxy_refused: return "check --host, --port and what the proxy allows";
    case HandshakeFault::proxy_login_needed: return "give them in --proxy, as http://USER:PASSWORD@HOST";
    case HandshakeFault::proxy_not_spoken: return "check the scheme of --proxy: http, socks5 or socks5h";
    default: return "see the broker's log";
  }
}

}  // namespace

std::string_view handshake_remedy(std::error_code code) {
  if (is_tls_fault(code)) return remedy(static_cast<TlsFault>(code.value()));
  if (is_handshake_fault(code)) return remedy(static_cast<HandshakeFault>(code.value()));
  return "";
}

}  // namespace mqtk::cli
