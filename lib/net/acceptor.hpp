// Listens at an Endpoint and hands out the connections that come in.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "net/connector.hpp"
#include "net/endpoint.hpp"
#include "net/file_descriptor.hpp"
#include "net/net_error.hpp"
#include "net/network_connection.hpp"

namespace mqtk {

class Loop;

// Both may destroy the Acceptor.
class AcceptorListener {
 public:
  // The connection waits for its start().
  virtual void on_connection(std::unique_ptr<NetworkConnection> connection) = 0;

  // Descriptors or memory ran out: new connections wait in the system's queue, and accepting goes on by
  // itself after AcceptorOptions::pause. Called once per pause.
  virtual void on_accept_failed(const NetError& error) = 0;

 protected:
  ~AcceptorListener() = default;
};

struct AcceptorOptions {
  AddressFamily family = AddressFamily::any;
  int backlog = 4096;  // connections that the system keeps ready; it may allow fewer
  Duration pause = std::chrono::milliseconds(100);
  // Several loops of one process listen at the same port and the system shares the connections out
  // (SO_REUSEPORT).
  enum class Port : std::uint8_t { own, shared } port = Port::own;
  std::shared_ptr<TlsContext> tls = nullptr;  // for an Endpoint with TLS
};

class Acceptor {
 public:
  // Listens at every address of the host ("localhost" has two, "*" means all of this machine), at the same
  // port; an address that this machine lacks is skipped while another one works. Blocks while the name is
  // looked up. Does not outlive `loop` and `listener`. The path of a WebSocket is the only one that is served. A Unix
  // socket's file is removed at the end.
  //
  // Connections with TLS or WebSocket are handed out at once and shake hands while they are read.
  [[nodiscard]] static std::expected<std::unique_ptr<Acceptor>, NetError> listen(Loop& loop, const Endpoint& endpoint,
                                                                                 const AcceptorOptions& options,
                                                                                 AcceptorListener& listener);
  // Serves a TCP or Unix socket that listens already, such as a service manager hands over. A Unix socket's file stays
  // at the end: it belongs to whoever made it.
  [[nodiscard]] static std::expected<std::unique_ptr<Acceptor>, NetError> adopt(Loop& loop, FileDescriptor listening,
                                                                                const AcceptorOptions& options,
                                                                                AcceptorListener& listener);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();  // stops listening

  // As asked for, with the port that was really taken.
  [[nodiscard]] const Endpoint& endpoint() const;

  // Lets new connections wait in the system's queue, for example when enough are served.
  void pause();
  void resume();

 private:
  class Parts;
  explicit Acceptor(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace mqtk
