#include "stall.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "raw_client.hpp"

namespace mqtk::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30};

// A connection that has got its CONNACK, or none.
class Connection {
 public:
  Connection(int port, const std::string& name, Load::Sessions sessions = Load::Sessions::clean)
      : fd_(open_connection(port)) {
    const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    works_ = fd_ >= 0 && exchange(fd_, connect_packet(name, sessions), 4);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(fd_); }

  [[nodiscard]] bool works() const { return works_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool ask(const Buffer& request, std::size_t answer_size) {
    return works_ = works_ && exchange(fd_, request, answer_size);
  }

 private:
  int fd_;
  bool works_ = false;
};

Buffer publish_packet(std::uint8_t first, const std::string& topic, const Buffer& rest) {
  Buffer body;
  put_text(body, topic);
  body.insert(body.end(), rest.begin(), rest.end());
  Buffer packet;
  put_packet(packet, first, body);
  return packet;
}

// Counts PUBLISH packets in `bytes` and leaves what is not a whole packet.
int count_messages(Buffer& bytes) {
  int count = 0;
  std::size_t at = 0;
  while (at + 2 <= bytes.size()) {
    std::size_t size = 0;
    std::size_t header = 1;
    for (unsigned shift = 0; header < bytes.size(); shift += 7) {
      const std::uint8_t byte = bytes[at + header++];
      size |= static_cast<std::size_t>(byte & 0x7FU) << shift;
      if (byte < 0x80 || at + header >= bytes.size()) break;
    }
    if (at + header + size > bytes.size()) break;
    if (bytes[at] >> 4U == 3) ++count;
    at += header + size;
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return count;
}

}  // namespace

RoundTrips round_trips_during(int port, const std::function<bool()>& work) {
  Connection ping(port, "ping");
  const Buffer message = publish_packet(0x30, "ping", {'x'});
  if (!ping.ask(subscribe_packet({"ping"}, 0), 5)) return {};
  std::atomic<bool> done = false;
  bool worked = false;
  std::thread worker([&] {
    worked = work();
    done = true;
  });
  std::vector<double> took;
  while (!done && ping.works()) {
    const auto before = Clock::now();
    static_cast<void>(ping.ask(message, message.size()));
    took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
  }
  worker.join();
  if (!worked || !ping.works() || took.empty()) return {};
  std::ranges::sort(took);
  return {took.size(), took[took.size() / 2], took[took.size() * 99 / 100], took.back()};
}

bool read_all_retained(int port, int count) {
  Connection reader(port, "reader");
  if (!reader.ask(subscribe_packet({"#"}, 0), 5)) return false;
  Buffer bytes;
  Buffer block(256 * 1024);
  while (count > 0) {
    const ssize_t came = recv(reader.fd(), block.data(), block.size(), 0);
    if (came <= 0) return false;
    bytes.insert(bytes.end(), block.begin(), block.begin() + came);
    count -= count_messages(bytes);
  }
  return true;
}

bool leave_sessions(int port, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("away{}", i);
    Connection client(port, name, Load::Sessions::kept);
    if (!client.ask(subscribe_packet({"to/" + name}, 1), 5)) return false;
  }
  return true;
}

bool publish_until(int port, const std::function<bool()>& enough) {
  Connection publisher(port, "publisher");
  Buffer rest(20'000, 'x');
  rest[0] = 0;
  rest[1] = 1;
  const Buffer message = publish_packet(0x33, "large", rest);
  const auto end = Clock::now() + patience;
  while (!enough()) {
    if (Clock::now() > end || !publisher.ask(message, 4)) return false;
  }
  return true;
}

}  // namespace mqtk::benchmark
