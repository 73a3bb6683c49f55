#include "net/tcp_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

namespace mqtk {
namespace {

constexpr std::size_t max_parts = 64;
// One connection with a fast reader and a long queue does not hold up the others for longer than this.
constexpr std::size_t max_flush_bytes = 1024 * 1024;

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // the socket itself was told not to raise SIGPIPE
#endif

std::error_code last_error() { return {errno, std::system_category()}; }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// One part is the usual case where messages come one at a time, and costs the system less without a list.
ssize_t send_parts(int socket, std::span<const Bytes> parts) {
  if (parts.size() == 1) return ::send(socket, parts[0].data(), parts[0].size(), send_flags);
  std::array<iovec, max_parts> vectors;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    vectors[i] = {const_cast<std::uint8_t*>(parts[i].data()), parts[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(parts.size());
  return ::sendmsg(socket, &message, send_flags);
}

}  // namespace

std::expected<std::unique_ptr<TcpConnection>, std::error_code> TcpConnection::adopt(Readiness& readiness,
                                                                                    FileDescriptor socket,
                                                                                    const SocketAddress& peer,
                                                                                    Watching watching) {
  std::unique_ptr<TcpConnection> connection(new TcpConnection(readiness, std::move(socket), peer));
  const int fd = connection->socket_.number();
  if (watching == Watching::hand_over) {
    readiness.change(fd, connection->interest_, *connection);
  } else if (const std::error_code error = readiness.watch(fd, connection->interest_, *connection)) {
    connection->socket_.close();
    return std::unexpected(error);
  }
  return connection;
}

TcpConnection::~TcpConnection() {
  if (socket_.is_open()) readiness_.forget(socket_.number(), *this);
}

void TcpConnection::start(NetworkConnectionListener& listener) {
  listener_ = &listener;
  resume_reading();
}

void TcpConnection::resume_reading() {
  paused_ = false;
  if (!interest_.read && !read_ended_) set_interest({.read = true, .write = interest_.write});
}

std::expected<std::size_t, std::error_code> TcpConnection::read(MutableBytes to) {
  ssize_t count = 0;
  do {
    count = ::recv(socket_.number(), to.data(), to.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count < 0 && would_block(errno)) return std::unexpected(make_error_code(std::errc::operation_would_block));
  const std::error_code error = count == 0 ? make_error_code(NetFault::end_of_stream) : last_error();
  read_ended_ = true;  // a level-triggered wait would tell it for ever
  return std::unexpected(error);
}

std::expected<FlushResult, std::error_code> TcpConnection::flush(SendQueue& queue) {
  std::size_t flushed = 0;
  while (!queue.empty() && !blocked_) {
    std::array<Bytes, max_parts> room;
    const std::span<const Bytes> parts{room.data(), queue.gather(room)};
    std::size_t size = 0;
    for (const Bytes& part : parts) size += part.size();
    const ssize_t written = send_parts(socket_.number(), parts);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (!would_block(errno)) return std::unexpected(last_error());
    }
    const auto count = static_cast<std::size_t>(written < 0 ? 0 : written);
    queue.consume(count);
    flushed += count;
    if (count < size || (flushed >= max_flush_bytes && !queue.empty())) blocked_ = true;
  }
  if (queue.empty()) return FlushResult::all;
  if (!interest_.write) set_interest({.read = interest_.read, .write = true});
  return FlushResult::part;
}

void TcpConnection::end_writing() { ::shutdown(socket_.number(), SHUT_WR); }

void TcpConnection::confirm_arrival() {
#ifdef TCP_QUICKACK
  const int on = 1;
  ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
}

void TcpConnection::reset_on_close() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void TcpConnection::on_fd_readable() {
  if (paused_ || read_ended_) {
    if (interest_.read) set_interest({.read = false, .write = interest_.write});
    return;
  }
  listener_->on_readable();
}

void TcpConnection::on_fd_writable() {
  if (!std::exchange(blocked_, false)) {
    if (interest_.write) set_interest({.read = interest_.read, .write = false});
    return;
  }
  listener_->on_writable();
}

void TcpConnection::set_interest(Interest interest) {
  interest_ = interest;
  readiness_.change(socket_.number(), interest, *this);
}

}  // namespace mqtk
