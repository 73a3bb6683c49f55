#include "load.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace mqtk::benchmark {
namespace {

using Buffer = std::vector<std::uint8_t>;

void put_text(Buffer& out, const std::string& text) {
  out.push_back(static_cast<std::uint8_t>(text.size() >> 8U));
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void put_packet(Buffer& out, std::uint8_t first, const Buffer& body) {
  out.push_back(first);
  std::size_t rest = body.size();
  for (; rest > 0x7F; rest >>= 7U) out.push_back(static_cast<std::uint8_t>(rest | 0x80U));
  out.push_back(static_cast<std::uint8_t>(rest));
  out.insert(out.end(), body.begin(), body.end());
}

// MQTT 3.1.1, Clean Session, no Keep Alive.
Buffer connect_packet(const std::string& client_identifier) {
  Buffer body{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0};
  put_text(body, client_identifier);
  Buffer packet;
  put_packet(packet, 0x10, body);
  return packet;
}

int open_connection(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool exchange(int fd, const Buffer& request, std::size_t answer_size) {
  if (write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) return false;
  Buffer answer(answer_size);
  return recv(fd, answer.data(), answer.size(), MSG_WAITALL) == static_cast<ssize_t>(answer_size);
}

class Run {
 public:
  Run(int port, const Load& load) : load_(load), poll_(epoll_create1(0)), scratch_(256 * 1024) {
    window_ = std::max<std::uint64_t>(4, 2'500 / static_cast<std::uint64_t>(load.publishers) /
                                             (load.paired ? 1U : static_cast<unsigned>(load.subscribers)));
    for (int i = 0; i < load.subscribers; ++i) open(port, false, i);
    for (int i = 0; i < load.publishers; ++i) open(port, true, i);
  }
  ~Run() {
    for (const auto& peer : peers_) close(peer->fd);
    close(poll_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  LoadResult go() {
    const std::uint64_t copies = load_.paired ? 1U : static_cast<unsigned>(load_.subscribers);
    const std::uint64_t wanted = load_.messages * copies;
    const auto start = std::chrono::steady_clock::now();
    while (error_.empty() && deliveries_ < wanted) {
      publish(copies);
      std::array<epoll_event, 128> events{};
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < count && error_.empty(); ++i) {
        auto& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        receive(peer);
        flush(peer);
      }
      if (std::chrono::steady_clock::now() - start > std::chrono::seconds{60}) error_ = "not done after 60 s";
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return {error_, deliveries_, took.count()};
  }

 private:
  struct Peer {
    int fd = -1;
    bool publisher = false;
    std::string topic;
    std::uint32_t number = 0;
    std::uint32_t sent = 0;
    std::uint64_t delivered = 0;  // copies of this publisher's messages
    std::uint16_t unacknowledged = 0;
    std::uint16_t next_identifier = 1;
    std::vector<std::uint32_t> next_sequence;  // subscriber: expected per publisher
    Buffer in;
    Buffer out;
    std::size_t written = 0;
  };

  void open(int port, bool publisher, int number) {
    auto peer = std::make_unique<Peer>();
    peer->fd = open_connection(port);
    peer->publisher = publisher;
    peer->number = static_cast<std::uint32_t>(number);
    peer->topic = load_.paired ? fmt::format("load/{}", number) : "load/all";
    bool ready =
        peer->fd >= 0 && exchange(peer->fd, connect_packet(fmt::format("{}{}", publisher ? "pub" : "sub", number)), 4);
    if (ready && !publisher) {
      peer->next_sequence.resize(static_cast<std::size_t>(load_.publishers));
      Buffer body{0, 1};
      put_text(body, peer->topic);
      body.push_back(static_cast<std::uint8_t>(load_.qos));
      Buffer packet;
      put_packet(packet, 0x82, body);
      ready = exchange(peer->fd, packet, 5);
    }
    if (!ready) error_ = "cannot connect or subscribe";
    epoll_event event{EPOLLIN, {.ptr = peer.get()}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, peer->fd, &event);
    if (publisher) publishers_.push_back(peer.get());
    peers_.push_back(std::move(peer));
  }

  // Each publisher fills what is free of its window once a quarter of it is.
  void publish(std::uint64_t copies) {
    const std::uint64_t share = load_.messages / publishers_.size();
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
      Peer& peer = *publishers_[i];
      const std::uint64_t all = i == 0 ? load_.messages - share * (publishers_.size() - 1) : share;
      std::uint64_t room = window_ - (peer.sent - peer.delivered / copies);
      if (load_.qos > 0) room = std::min<std::uint64_t>(room, 20U - peer.unacknowledged);
      room = std::min(room, all - peer.sent);
      if (room == 0 || (room < std::min<std::uint64_t>(window_, 20) / 4 && room < all - peer.sent)) continue;
      for (; room > 0; --room) put_publish(peer);
      flush(peer);
    }
  }

  void put_publish(Peer& peer) {
    Buffer& body = body_;
    body.clear();
    put_text(body, peer.topic);
    if (load_.qos > 0) {
      body.push_back(static_cast<std::uint8_t>(peer.next_identifier >> 8U));
      body.push_back(static_cast<std::uint8_t>(peer.next_identifier));
      peer.next_identifier = peer.next_identifier == 0xFFFF ? 1 : static_cast<std::uint16_t>(peer.next_identifier + 1);
      ++peer.unacknowledged;
    }
    const std::uint32_t stamp[2] = {peer.number, peer.sent++};
    const std::size_t at = body.size();
    body.resize(at + load_.payload_bytes, 'x');
    std::memcpy(body.data() + at, stamp, sizeof stamp);
    put_packet(peer.out, static_cast<std::uint8_t>(0x30 | load_.qos << 1), body);
  }

  void flush(Peer& peer) {
    while (peer.written < peer.out.size()) {
      const ssize_t count =
          send(peer.fd, peer.out.data() + peer.written, peer.out.size() - peer.written, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) {
        if (errno != EAGAIN) error_ = "the broker closed a connection";
        return;  // tried again when the peer's answers are read
      }
      peer.written += static_cast<std::size_t>(count);
    }
    peer.out.clear();
    peer.written = 0;
  }

  void receive(Peer& peer) {
    const ssize_t count = recv(peer.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (count <= 0) {
      if (count == 0 || errno != EAGAIN) error_ = "the broker closed a connection";
      return;
    }
    std::span<const std::uint8_t> bytes{scratch_.data(), static_cast<std::size_t>(count)};
    if (!peer.in.empty()) {
      peer.in.insert(peer.in.end(), bytes.begin(), bytes.end());
      bytes = peer.in;
    }
    const std::size_t used = take_packets(peer, bytes);
    Buffer rest(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
    peer.in.swap(rest);
  }

  std::size_t take_packets(Peer& peer, std::span<const std::uint8_t> bytes) {
    std::size_t at = 0;
    while (at + 2 <= bytes.size()) {
      std::size_t remaining = 0;
      std::size_t header = at + 1;
      for (unsigned shift = 0; header < bytes.size(); shift += 7) {
        remaining |= std::size_t{bytes[header] & 0x7FU} << shift;
        if ((bytes[header++] & 0x80U) == 0) break;
        if (header == bytes.size()) return at;
      }
      if (header + remaining > bytes.size()) return at;
      take(peer, bytes[at], bytes.subspan(header, remaining));
      at = header + remaining;
    }
    return at;
  }

  void take(Peer& peer, std::uint8_t first, std::span<const std::uint8_t> body) {
    const auto answer = [&](std::uint8_t type, std::size_t offset) {
      const std::uint8_t packet[4] = {type, 2, body[offset], body[offset + 1]};
      peer.out.insert(peer.out.end(), packet, packet + 4);
    };
    switch (first >> 4U) {
      case 3: {
        const std::size_t identifier = 2U + (std::size_t{body[0]} << 8U | body[1]);
        const unsigned qos = (first >> 1U) & 3U;
        std::uint32_t stamp[2];
        std::memcpy(stamp, body.data() + identifier + (qos > 0 ? 2 : 0), sizeof stamp);
        if (peer.next_sequence.at(stamp[0])++ != stamp[1]) error_ = "a message is lost or out of order";
        ++publishers_.at(stamp[0])->delivered;
        ++deliveries_;
        if (qos == 1) answer(0x40, identifier);
        if (qos == 2) answer(0x50, identifier);
        break;
      }
      case 4:
      case 7: --peer.unacknowledged; break;
      case 5: answer(0x62, 0); break;
      case 6: answer(0x70, 0); break;
      default: error_ = "an unexpected packet came"; break;
    }
  }

  Load load_;
  int poll_;
  std::uint64_t window_ = 0;
  std::uint64_t deliveries_ = 0;
  std::string error_;
  Buffer scratch_;
  Buffer body_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> publishers_;
};

}  // namespace

LoadResult run_load(int port, const Load& load) { return Run{port, load}.go(); }

IdleConnections::~IdleConnections() {
  for (const int fd : sockets_) ::close(fd);
}

int IdleConnections::open(int port, int count) {
  for (int i = 0; i < count; ++i) {
    const int fd = open_connection(port);
    if (fd < 0) return i;
    sockets_.push_back(fd);
    if (!exchange(fd, connect_packet(fmt::format("idle{}", i)), 4)) return i;
  }
  return count;
}

}  // namespace mqtk::benchmark
