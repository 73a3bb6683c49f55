// Connects to whichever of several addresses answers first (RFC 8305). Private to lib/net.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/net_error.hpp"
#include "net/socket_address.hpp"
#include "net/tcp_connection.hpp"
#include "net/timer.hpp"

namespace mqtk {

class Loop;

// Destroying it ends all attempts. Does not outlive its Loop.
class AddressRace {
 public:
  using Done = std::function<void(std::expected<std::unique_ptr<TcpConnection>, NetError>)>;

  // `what` is the peer as people know it, for errors: "localhost:1883". Addresses without a `local` one of their family
  // are left out where there are any. `done` is called once, from the Loop.
  AddressRace(Loop& loop, std::string what, const std::vector<SocketAddress>& addresses,
              std::vector<SocketAddress> local, Done done);
  // A Unix socket.
  AddressRace(Loop& loop, std::string path, Done done);
  AddressRace(const AddressRace&) = delete;
  AddressRace& operator=(const AddressRace&) = delete;
  ~AddressRace();

  // The error to tell when time runs out: what has failed already, or that an address does not answer.
  [[nodiscard]] NetError overdue() const;

 private:
  class Entrant;

  void enter_next();
  [[nodiscard]] std::expected<FileDescriptor, std::error_code> start(const SocketAddress& address) const;
  void note(const SocketAddress* address, std::error_code error);
  [[nodiscard]] NetError error_at(const SocketAddress* address, std::error_code error) const;
  void failed(Entrant& entrant, std::error_code error);
  void won(Entrant& entrant);
  void finish(std::expected<std::unique_ptr<TcpConnection>, NetError> result);

  Loop& loop_;
  std::string what_;
  std::vector<SocketAddress> addresses_;
  std::vector<SocketAddress> local_;
  Done done_;
  std::size_t next_ = 0;  // in addresses_: the one to try next
  std::vector<std::unique_ptr<Entrant>> entrants_;
  std::optional<NetError> failure_;
  Timer timer_;  // the next address is due, or the end is to be told
};

}  // namespace mqtk
