// What TlsConnection uses of a TlsContext. Private to lib/net.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "net/file_descriptor.hpp"
#include "net/tls_context.hpp"

struct ssl_ctx_st;
struct ssl_session_st;

namespace mqtk {

class TlsContext::Parts {
 public:
  Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts();

  // A session of an earlier connection with this peer, for the caller to release; null if there is none.
  [[nodiscard]] ssl_session_st* take_session(const std::string& peer);
  // Keeps a session, which becomes this object's.
  void keep_session(const std::string& peer, ssl_session_st* session);

  [[nodiscard]] const TlsPresharedKey* find_preshared_key(std::string_view identity) const;

  ssl_ctx_st* context = nullptr;
  std::string server_name;  // client: instead of the host
  TlsClientOptions::Verification verification = TlsClientOptions::Verification::full;
  std::vector<TlsPresharedKey> preshared_keys;  // client: at most one
  std::string alpn;                             // as it goes over the wire
  FileDescriptor key_log;

 private:
  static constexpr std::size_t max_sessions = 1000;
  std::mutex mutex_;
  std::map<std::string, ssl_session_st*> sessions_;
};

}  // namespace mqtk
