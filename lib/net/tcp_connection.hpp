// A Network Connection over TCP. Private to lib/net: Connector and Acceptor make them.
#pragma once

#include <memory>

#include "net/file_descriptor.hpp"
#include "net/network_connection.hpp"
#include "net/readiness.hpp"
#include "net/socket_address.hpp"

namespace mqtk {

class TcpConnection final : public NetworkConnection, Watched {
 public:
  // Takes a connected, non-blocking socket. `known` says whether the Readiness watches it already for someone
  // else, who hands it over with this.
  enum class Watching : std::uint8_t { not_yet, hand_over };
  [[nodiscard]] static std::expected<std::unique_ptr<TcpConnection>, std::error_code> adopt(Readiness& readiness,
                                                                                            FileDescriptor socket,
                                                                                            const SocketAddress& peer,
                                                                                            Watching watching);
  ~TcpConnection() override;

  void start(NetworkConnectionListener& listener) override;
  std::expected<std::size_t, std::error_code> read(MutableBytes to) override;
  std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override;
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void end_writing() override;
  void confirm_arrival() override;
  void reset_on_close() override;
  std::string peer_address() const override { return peer_.text(); }

 private:
  TcpConnection(Readiness& readiness, FileDescriptor socket, const SocketAddress& peer)
      : readiness_(readiness), peer_(peer), socket_(std::move(socket)) {}

  void on_fd_readable() override;
  void on_fd_writable() override;
  void set_interest(Interest interest);

  Readiness& readiness_;
  NetworkConnectionListener* listener_ = nullptr;
  SocketAddress peer_;
  FileDescriptor socket_;
  Interest interest_{.read = true};  // what the Readiness watches for; changed as late as can be
  bool paused_ = true;               // start() lifts it
  bool read_ended_ = false;          // the end of the stream or an error was read: nothing more can come
  bool blocked_ = false;             // on_writable is outstanding
};

}  // namespace mqtk
