#include "load.hpp"

#include <fmt/format.h>
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

#include "raw_client.hpp"

namespace mqtk::benchmark {
namespace {

// A quarter each: exact, '+' first, '+' behind the level that messages have, '#'.
std::string foreign_filter(int number) {
  switch (number % 4) {
    case 0: return fmt::format("foreign/{}/exact", number);
    case 1: return fmt::format("+/foreign{}", number);
    case 2: return fmt::format("load/foreign{}/+", number);
    default: return fmt::format("foreign/{}/#", number);
  }
}

bool subscribe_foreign(int fd, int count) {
  constexpr int in_one_packet = 100;
  if (!exchange(fd, connect_packet("foreign"), 4)) return false;
  for (int at = 0; at < count;) {
    std::vector<std::string> filters;
    for (; at < count && filters.size() < in_one_packet; ++at) filters.push_back(foreign_filter(at));
    const std::size_t head = filters.size() + 2 < 128 ? 2 : 3;
    if (!exchange(fd, subscribe_packet(filters, 0), head + 2 + filters.size())) return false;
  }
  return true;
}

class Run {
 public:
  Run(int port, const Load& load) : load_(load), poll_(epoll_create1(0)), scratch_(256 * 1024) {
    window_ = std::max<std::uint64_t>(4, 2'500 / static_cast<std::uint64_t>(load.publishers) /
                                             (load.paired ? 1U : static_cast<unsigned>(load.subscribers)));
    if (load.in_flight > 0) window_ = static_cast<unsigned>(load.in_flight);
    if (load.foreign_filters > 0) {
      foreign_ = open_connection(port);
      if (foreign_ < 0 || !subscribe_foreign(foreign_, load.foreign_filters)) error_ = "cannot subscribe";
    }
    for (int i = 0; i < load.subscribers; ++i) open(port, false, i);
    for (int i = 0; i < load.publishers; ++i) open(port, true, i);
  }
  ~Run() {
    for (const auto& peer : peers_) close(peer->fd);
    if (foreign_ >= 0) close(foreign_);
    close(poll_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  LoadResult go() {
    const std::uint64_t copies = load_.paired ? 1U : static_cast<unsigned>(load_.subscribers);
    const std::uint64_t wanted = load_.messages * copies;
    const auto start = std::chrono::steady_clock::now();
    start_ = start;
    latencies_.reserve(wanted);
    const int patience = load_.per_second > 0 ? 0 : 1000;  // at a rate this spins: sleeping is not exact enough
    while (error_.empty() && deliveries_ < wanted) {
      publish(copies);
      std::array<epoll_event, 128> events{};
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), patience);
      for (int i = 0; i < count && error_.empty(); ++i) {
        auto& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        receive(peer);
        flush(peer);
      }
      if (std::chrono::steady_clock::now() - start > std::chrono::seconds{60}) error_ = "not done after 60 s";
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::sort(latencies_.begin(), latencies_.end());
    const auto percentile = [&](std::size_t percent) {
      return latencies_.empty() ? 0.0 : latencies_[(latencies_.size() - 1) * percent / 100] / 1e3;
    };
    return {error_, deliveries_, took.count(), percentile(50), percentile(99)};
  }

 private:
  struct Stamp {  // begins each payload
    std::uint32_t publisher;
    std::uint32_t sequence;
    std::int64_t due;
  };
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
    const std::string identifier = fmt::format("{}{}", publisher ? "pub" : "sub", number);
    bool ready = peer->fd >= 0 && exchange(peer->fd, connect_packet(identifier, load_.sessions), 4);
    if (ready && !publisher) {
      peer->next_sequence.resize(static_cast<std::size_t>(load_.publishers));
      const std::string filter = !load_.wildcards ? peer->topic : number % 2 == 0 ? "load/+" : "load/#";
      ready = exchange(peer->fd, subscribe_packet({filter}, load_.qos), 5);
    }
    if (!ready) error_ = "cannot connect or subscribe";
    epoll_event event{EPOLLIN, {.ptr = peer.get()}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, peer->fd, &event);
    if (publisher) publishers_.push_back(peer.get());
    peers_.push_back(std::move(peer));
  }

  // Each publisher fills what is free of its window once a quarter of it is.
  void publish(std::uint64_t copies) {
    if (load_.per_second > 0) return publish_what_is_due();
    const std::uint64_t share = load_.messages / publishers_.size();
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
      Peer& peer = *publishers_[i];
      const std::uint64_t all = i == 0 ? load_.messages - share * (publishers_.size() - 1) : share;
      std::uint64_t room = window_ - (peer.sent - peer.delivered / copies);
      if (load_.qos > 0) room = std::min<std::uint64_t>(room, 20U - peer.unacknowledged);
      room = std::min(room, all - peer.sent);
      if (room == 0 || (room < std::min<std::uint64_t>(window_, 20) / 4 && room < all - peer.sent)) continue;
      const std::int64_t now = nanoseconds();
      for (; room > 0; --room) put_publish(peer, now);
      flush(peer);
    }
  }

  void publish_what_is_due() {
    const std::int64_t now = nanoseconds();
    while (published_ < load_.messages) {
      const auto due = static_cast<std::int64_t>(static_cast<double>(published_) / load_.per_second * 1e9);
      if (due > now) return;
      Peer& peer = *publishers_[published_++ % publishers_.size()];
      put_publish(peer, due);
      flush(peer);
    }
  }

  [[nodiscard]] std::int64_t nanoseconds() const {
    return std::chrono::nanoseconds{std::chrono::steady_clock::now() - start_}.count();
  }

  void put_publish(Peer& peer, std::int64_t due) {
    Buffer& body = body_;
    body.clear();
    put_text(body, peer.topic);
    if (load_.qos > 0) {
      body.push_back(static_cast<std::uint8_t>(peer.next_identifier >> 8U));
      body.push_back(static_cast<std::uint8_t>(peer.next_identifier));
      peer.next_identifier = peer.next_identifier == 0xFFFF ? 1 : static_cast<std::uint16_t>(peer.next_identifier + 1);
      ++peer.unacknowledged;
    }
    const Stamp stamp{peer.number, peer.sent++, due};
    const std::size_t at = body.size();
    body.resize(at + load_.payload_bytes, 'x');
    std::memcpy(body.data() + at, &stamp, sizeof stamp);
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
        Stamp stamp{};
        std::memcpy(&stamp, body.data() + identifier + (qos > 0 ? 2 : 0), sizeof stamp);
        if (peer.next_sequence.at(stamp.publisher)++ != stamp.sequence) error_ = "a message is lost or out of order";
        ++publishers_.at(stamp.publisher)->delivered;
        latencies_.push_back(static_cast<double>(nanoseconds() - stamp.due));
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
  int foreign_ = -1;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t published_ = 0;  // of a load with a rate
  std::vector<double> latencies_;
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

std::uint64_t retain_messages(int port, int count) {
  constexpr int in_one_write = 200;
  const int fd = open_connection(port);
  std::uint64_t bytes = 0;
  bool well = fd >= 0 && exchange(fd, connect_packet("retainer"), 4);
  for (int at = 0; well && at < count;) {
    Buffer packets;
    std::size_t answers = 0;
    for (; at < count && answers < in_one_write; ++at, ++answers) {
      const std::string topic = fmt::format("site/{}/device/{}/state", at / 100, at % 100);
      Buffer body;
      put_text(body, topic);
      body.insert(body.end(), {0, static_cast<std::uint8_t>(answers + 1)});
      const std::string payload = fmt::format("{{\"value\":{},\"unit\":\"celsius\",\"quality\":\"good\"}}", at);
      body.insert(body.end(), payload.begin(), payload.end());
      put_packet(packets, 0x33, body);
      bytes += topic.size() + payload.size();
    }
    well = exchange(fd, packets, answers * 4);
  }
  if (fd >= 0) close(fd);
  return well ? bytes : 0;
}

bool is_served(int port) {
  const int fd = open_connection(port);
  if (fd < 0) return false;
  const bool served = exchange(fd, connect_packet("first"), 4);
  close(fd);
  return served;
}

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
