#include "net/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "net/loop.hpp"
#include "net/name_lookup.hpp"
#include "net/readiness.hpp"
#include "net/socket.hpp"
#include "net/tcp_connection.hpp"
#include "net/timer.hpp"

namespace mqtk {

class Connector::Attempt final : Watched {
 public:
  Attempt(Connector& connector, Endpoint endpoint, const ConnectorOptions& options, Done done)
      : connector_(connector),
        loop_(connector.loop_),
        endpoint_(std::move(endpoint)),
        options_(options),
        done_(std::move(done)),
        deadline_(loop_.time_after(options.time_limit)),
        timer_(loop_, [this] { on_timer(); }) {}
  ~Attempt() { close_socket(); }

  void begin() {
    if (const std::error_code missing = missing_transport(endpoint_.transport)) {
      return fail_soon({fmt::format("connecting to {}", to_text(endpoint_)), missing});
    }
    if (!options_.bind_address.empty()) {
      const auto local = known_addresses(options_.bind_address, AddressFamily::any);
      if (local == nullptr || !*local) {
        return fail_soon({fmt::format("connecting from {}", options_.bind_address),
                          make_error_code(std::errc::address_not_available)});
      }
      local_addresses_ = **local;
    }
    timer_.arm(deadline_);
    if (const auto known = known_addresses(endpoint_.host, options_.family)) return on_addresses(*known);
    lookup_.emplace(loop_, endpoint_.host, options_.family,
                    [this](const Addresses& addresses) { on_addresses(addresses); });
  }

 private:
  void on_addresses(const Addresses& addresses) {
    if (!addresses) return fail_soon({fmt::format("looking up {}", endpoint_.host), addresses.error()});
    addresses_ = *addresses;
    try_next_address();
  }

  // Goes on until an attempt is under way or nothing is left to try.
  void try_next_address() {
    close_socket();
    while (next_ < addresses_.size()) {
      SocketAddress& address = addresses_[next_++];
      address.port = endpoint_.port;
      const std::error_code error = start(address);
      if (!error) {
        // An address that does not answer must leave time for the others.
        const auto share = (deadline_ - loop_.now()) / static_cast<long>(addresses_.size() - next_ + 1);
        return timer_.arm(loop_.now() + share);
      }
      note(address, error);
    }
    fail_soon(*failure_);
  }

  std::error_code start(const SocketAddress& address) {
    auto socket = open_tcp_socket(address);
    if (!socket) return socket.error();
    if (!options_.bind_address.empty()) {
      const auto local = std::ranges::find(local_addresses_, address.family, &SocketAddress::family);
      if (local == local_addresses_.end()) return make_error_code(std::errc::address_family_not_supported);
      if (const std::error_code error = bind_socket(*socket, *local)) return error;
    }
    if (const std::error_code error = start_connecting(*socket, address)) return error;
    if (const std::error_code error = loop_.readiness().watch(socket->number(), {.write = true}, *this)) return error;
    socket_ = std::move(*socket);
    return {};
  }

  void on_fd_readable() override {}

  void on_fd_writable() override {
    const SocketAddress& address = addresses_[next_ - 1];
    if (const std::error_code error = pending_error(socket_)) {
      note(address, error);
      return try_next_address();
    }
    auto connection =
        TcpConnection::adopt(loop_.readiness(), std::move(socket_), address, TcpConnection::Watching::hand_over);
    finish(std::move(*connection));
  }

  void on_timer() {
    if (failing_) return finish(std::unexpected(*failure_));
    if (addresses_.empty()) {
      return finish(std::unexpected(NetError{fmt::format("looking up {}", endpoint_.host), NetFault::timed_out}));
    }
    note(addresses_[next_ - 1], NetFault::timed_out);
    try_next_address();
  }

  // Of several failures the one is told that says most: any other one over "unreachable".
  void note(const SocketAddress& address, std::error_code error) {
    if (failure_ && failure_of(error) == NetFailure::unreachable) return;
    const std::string host = address.host_text();
    failure_ = {endpoint_.host == host ? fmt::format("connecting to {}", short_text(endpoint_))
                                       : fmt::format("connecting to {} ({})", short_text(endpoint_), host),
                error};
  }

  // From the Loop, since connect() may still be running.
  void fail_soon(NetError failure) {
    failure_ = std::move(failure);
    failing_ = true;
    timer_.arm(loop_.now());
  }

  void finish(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
    // This attempt ends before the callback, which may begin the next one or destroy the Connector.
    const auto self = std::move(connector_.attempt_);
    const Done done = std::move(done_);
    done(std::move(result));
  }

  void close_socket() {
    if (!socket_.is_open()) return;
    loop_.readiness().forget(socket_.number(), *this);
    socket_.close();
  }

  Connector& connector_;
  Loop& loop_;
  Endpoint endpoint_;
  ConnectorOptions options_;
  Done done_;
  TimePoint deadline_;
  Timer timer_;  // the limit of the address being tried, or a failure waiting to be told
  std::optional<NameLookup> lookup_;
  std::vector<SocketAddress> local_addresses_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;  // in addresses_: the one to try next
  FileDescriptor socket_;
  std::optional<NetError> failure_;
  bool failing_ = false;
};

Connector::Connector(Loop& loop) : loop_(loop) {}

Connector::~Connector() = default;

void Connector::connect(const Endpoint& endpoint, const ConnectorOptions& options, Done done) {
  attempt_ = std::make_unique<Attempt>(*this, endpoint, options, std::move(done));
  attempt_->begin();
}

void Connector::cancel() { attempt_.reset(); }

}  // namespace mqtk
