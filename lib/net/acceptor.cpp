#include "net/acceptor.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "net/loop.hpp"
#include "net/name_lookup.hpp"
#include "net/readiness.hpp"
#include "net/socket.hpp"
#include "net/tcp_connection.hpp"
#include "net/timer.hpp"
#include "net/tls_connection.hpp"
#include "net/tls_fault.hpp"
#include "net/websocket_connection.hpp"

namespace mqtk {
namespace {

// Connections of one turn and socket; the others of the turn want their share, too.
constexpr int max_batch = 64;

bool is_resource_shortage(std::error_code error) {
  return failure_of(error) == NetFailure::no_descriptors || error == std::errc::no_buffer_space ||
         error == std::errc::not_enough_memory || error == std::errc::no_space_on_device;
}

std::vector<SocketAddress> any_addresses(AddressFamily family) {
  std::vector<SocketAddress> addresses;
  if (family != AddressFamily::ipv4) addresses.push_back({.family = SocketAddress::Family::ipv6});
  if (family != AddressFamily::ipv6) addresses.push_back({.family = SocketAddress::Family::ipv4});
  return addresses;
}

}  // namespace

class Acceptor::Parts final : Watched {
 public:
  Parts(Loop& loop, const Endpoint& endpoint, const AcceptorOptions& options, AcceptorListener& listener)
      : loop_(loop), endpoint_(endpoint), options_(options), listener_(listener), pause_(loop, [this] {
          watch({.read = true});
        }) {}
  ~Parts() {
    stop_listening();
    if (owns_file_) ::unlink(endpoint_.path.c_str());
    if (destroyed_ != nullptr) *destroyed_ = true;
  }

  // Nothing, or why the addresses could not be listened at.
  std::error_code listen_at_all(const std::vector<SocketAddress>& addresses) {
    const std::uint16_t wanted_port = endpoint_.port;
    std::error_code error = listen_at_each(addresses);
    // Port 0: the first address got a port that another program holds at the second one; another port will
    // do.
    for (int attempt = 0; attempt < 16 && wanted_port == 0 && error == std::errc::address_in_use; ++attempt) {
      stop_listening();
      endpoint_.port = 0;
      error = listen_at_each(addresses);
    }
    return error;
  }

  std::error_code listen_at_unix_socket() {
    auto socket = open_unix_socket();
    if (!socket) return socket.error();
    if (const std::error_code error = bind_socket(*socket, endpoint_.path)) return error;
    owns_file_ = !endpoint_.path.starts_with('@');
    return begin(std::move(*socket));
  }

  std::error_code serve(FileDescriptor listening) {
    if (const std::error_code error = make_non_blocking(listening)) return error;
    return begin(std::move(listening));
  }

  void watch(Interest interest) {
    for (const FileDescriptor& socket : sockets_) loop_.readiness().change(socket.number(), interest, *this);
  }

  void pause() {
    pause_.cancel();
    watch({});
  }
  void resume() {
    pause_.cancel();
    watch({.read = true});
  }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  std::error_code listen_at_each(const std::vector<SocketAddress>& addresses) {
    std::error_code first_error;
    for (SocketAddress address : addresses) {
      address.port = endpoint_.port;
      const std::error_code error = listen_at(address);
      if (!error) continue;
      // An address that is taken must not be skipped: clients would reach the other program.
      const NetFailure failure = failure_of(error);
      if (failure != NetFailure::unreachable && failure != NetFailure::unsupported) return error;
      if (!first_error) first_error = error;
    }
    return sockets_.empty() ? first_error : std::error_code{};
  }

  void stop_listening() {
    for (const FileDescriptor& socket : sockets_) loop_.readiness().forget(socket.number(), *this);
    sockets_.clear();
  }

  std::error_code listen_at(const SocketAddress& address) {
    auto socket = open_tcp_socket(address);
    if (!socket) return socket.error();
    const int on = 1;
    ::setsockopt(socket->number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (options_.port == AcceptorOptions::Port::shared) {
      ::setsockopt(socket->number(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    // Each family has its own socket, "::" and "0.0.0.0" side by side.
    if (address.family == SocketAddress::Family::ipv6) {
      ::setsockopt(socket->number(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (const std::error_code error = bind_socket(*socket, address)) return error;
    const auto local = local_address(*socket);
    if (!local) return local.error();
    if (const std::error_code error = begin(std::move(*socket))) return error;
    endpoint_.port = local->port;
    return {};
  }

  std::error_code begin(FileDescriptor socket) {
    if (::listen(socket.number(), options_.backlog) != 0) return {errno, std::system_category()};
    if (const auto error = loop_.readiness().watch(socket.number(), {.read = true}, *this)) return error;
    sockets_.push_back(std::move(socket));
    return {};
  }

  // What the connection carries over TCP or a Unix socket.
  std::unique_ptr<NetworkConnection> layered(std::unique_ptr<NetworkConnection> connection) {
    const Transport transport = endpoint_.transport;
    if (speaks_tls(transport)) {
      connection = TlsConnection::for_server(loop_, options_.tls, std::move(connection));
    }
    if (speaks_websocket(transport)) {
      connection = WebSocketConnection::for_server(loop_, std::move(connection), endpoint_.path);
    }
    return connection;
  }

  // Level-triggered, and which socket it was is not told: usually there is one, and asking another costs one
  // call.
  void on_fd_readable() override {
    bool destroyed = false;
    destroyed_ = &destroyed;
    for (std::size_t i = 0; !destroyed && i < sockets_.size(); ++i) accept_batch(sockets_[i], destroyed);
    if (!destroyed) destroyed_ = nullptr;
  }
  void on_fd_writable() override {}

  void accept_batch(const FileDescriptor& listening, const bool& destroyed) {
    for (int count = 0; count < max_batch && !destroyed; ++count) {
      auto accepted = accept_from(listening);
      if (!accepted) {
        if (is_resource_shortage(accepted.error())) return pause_because(accepted.error());
        if (accepted.error() == std::errc::operation_would_block) return;
        continue;  // this one was gone again before it was accepted
      }
      auto connection = TcpConnection::adopt(loop_.readiness(), std::move(accepted->first), accepted->second,
                                             TcpConnection::Watching::not_yet);
      if (!connection) return pause_because(connection.error());
      listener_.on_connection(layered(std::move(*connection)));
    }
  }

  void pause_because(std::error_code error) {
    watch({});
    pause_.arm(loop_.time_after(options_.pause));
    listener_.on_accept_failed({fmt::format("accepting a connection at {}", short_text(endpoint_)), error});
  }

  Loop& loop_;
  Endpoint endpoint_;
  AcceptorOptions options_;
  AcceptorListener& listener_;
  Timer pause_;
  std::vector<FileDescriptor> sockets_;
  bool owns_file_ = false;     // of a Unix socket
  bool* destroyed_ = nullptr;  // while connections are handed out: where to note the end
};

std::expected<std::unique_ptr<Acceptor>, NetError> Acceptor::listen(Loop& loop, const Endpoint& endpoint,
                                                                    const AcceptorOptions& options,
                                                                    AcceptorListener& listener) {
  const std::string doing = fmt::format("listening at {}", to_text(endpoint));
  const bool needs_tls = speaks_tls(endpoint.transport);
  if (needs_tls && options.tls == nullptr) {
    return std::unexpected(NetError{doing, TlsFault::other, "no certificate was given"});
  }
  if (endpoint.transport == Transport::unix_socket) {
    auto parts = std::make_unique<Parts>(loop, endpoint, options, listener);
    if (const auto error = parts->listen_at_unix_socket()) return std::unexpected(NetError{doing, error});
    return std::unique_ptr<Acceptor>(new Acceptor(std::move(parts)));
  }
  const Addresses addresses =
      endpoint.host == "*" ? Addresses(any_addresses(options.family)) : look_up_blocking(endpoint.host, options.family);
  if (!addresses) return std::unexpected(NetError{doing, addresses.error()});
  auto parts = std::make_unique<Parts>(loop, endpoint, options, listener);
  if (const auto error = parts->listen_at_all(*addresses)) return std::unexpected(NetError{doing, error});
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(parts)));
}

std::expected<std::unique_ptr<Acceptor>, NetError> Acceptor::adopt(Loop& loop, FileDescriptor listening,
                                                                   const AcceptorOptions& options,
                                                                   AcceptorListener& listener) {
  const std::string doing = fmt::format("listening at descriptor {}", listening.number());
  const auto endpoint = endpoint_of_listening(listening);
  if (!endpoint) return std::unexpected(NetError{doing, endpoint.error()});
  auto parts = std::make_unique<Parts>(loop, *endpoint, options, listener);
  if (const auto error = parts->serve(std::move(listening))) return std::unexpected(NetError{doing, error});
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(parts)));
}

Acceptor::Acceptor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Acceptor::~Acceptor() = default;

const Endpoint& Acceptor::endpoint() const { return parts_->endpoint(); }

void Acceptor::pause() { parts_->pause(); }

void Acceptor::resume() { parts_->resume(); }

}  // namespace mqtk
