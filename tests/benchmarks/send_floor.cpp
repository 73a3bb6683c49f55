// What sending alone costs on this machine, beside which mqtk-bench's own figures are to be seen: ready PUBLISH packets
// of QoS 0, of its size, to a broker or sink. No clock in the messages, no schedule for each, no account.
//
//   send_floor PORT paced CONNECTIONS RATE SECONDS    so many a second, due ones once a millisecond
//   send_floor PORT flat CONNECTIONS MESSAGES         until the peer has read all and closed
//
// Prints the messages a second and the processor seconds for a million of them.
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "raw_client.hpp"

namespace {

using Clock = std::chrono::steady_clock;

std::string packet(char first, const std::string& body) {
  return std::string{first, static_cast<char>(body.size())} + body;
}

// As `mqtk bench pub` sends it: a topic of 12 bytes, no properties, 16 bytes of payload.
std::string publish_packet() { return packet(0x30, std::string{"\0\x0Cmqtk/bench/0\0", 15} + std::string(16, 'x')); }

[[noreturn]] void fail(const char* why) {
  fmt::print(stderr, "send_floor: {}\n", why);
  std::exit(1);
}

int connected(int port, int number) {
  const int fd = mqtk::benchmark::open_connection(port);
  const std::string connect_packet =
      packet(0x10, std::string{"\0\4MQTT\5\2\0\0\0\0\x8", 13} + fmt::format("floor{:03}", number));
  std::string answer(256, '\0');
  if (fd < 0 || send(fd, connect_packet.data(), connect_packet.size(), 0) < 0 ||
      recv(fd, answer.data(), answer.size(), 0) <= 0) {
    fail("no connection");
  }
  return fd;
}

double processor_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

void send_paced(const std::vector<int>& sockets, double rate, double length) {
  const std::string message = publish_packet();
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  constexpr itimerspec every_millisecond{.it_interval = {0, 1'000'000}, .it_value = {0, 1'000'000}};
  timerfd_settime(timer, 0, &every_millisecond, nullptr);
  const Clock::time_point began = Clock::now();
  std::size_t sent = 0;
  for (double passed = 0; passed < length;) {
    std::uint64_t expirations = 0;
    if (read(timer, &expirations, sizeof expirations) < 0) fail("no timer");
    passed = std::chrono::duration<double>(Clock::now() - began).count();
    for (; static_cast<double>(sent) < passed * rate; ++sent) {
      if (send(sockets[sent % sockets.size()], message.data(), message.size(), MSG_NOSIGNAL) < 0) {
        fail("the peer has closed");
      }
    }
  }
}

// Blocks of 256 KiB; what a write leaves of a packet is the beginning of the next one.
void send_flat_out(const std::vector<int>& sockets, std::size_t messages) {
  const std::string message = publish_packet();
  const std::string disconnect{"\xE0\0", 2};
  std::string block;
  while (block.size() < 256 * 1024) block += message;
  std::vector<pollfd> waiting;
  for (const int fd : sockets) waiting.push_back({.fd = fd, .events = POLLOUT, .revents = 0});
  std::vector<std::size_t> left(sockets.size(), messages / sockets.size() * message.size());
  for (std::size_t open = sockets.size(); open > 0;) {
    if (poll(waiting.data(), waiting.size(), 60'000) <= 0) fail("the peer has read nothing for a minute");
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      pollfd& each = waiting[i];
      if (each.revents == 0) continue;
      if (each.events == POLLIN) {  // the peer has read all and closes
        each.fd = -1;
        --open;
        continue;
      }
      const std::size_t begun = (message.size() - left[i] % message.size()) % message.size();
      const std::size_t size = std::min(left[i], block.size() - begun);
      const ssize_t written = send(each.fd, block.data() + begun, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (written < 0 && errno != EAGAIN) fail("the peer has closed");
      if (written < 0) continue;
      left[i] -= static_cast<std::size_t>(written);
      if (left[i] > 0) continue;
      if (send(each.fd, disconnect.data(), disconnect.size(), MSG_NOSIGNAL) < 0) fail("the peer has closed");
      each.events = POLLIN;
    }
  }
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments{words, words + count};
  const bool paced = count == 6 && arguments[2] == "paced";
  if (!paced && !(count == 5 && arguments[2] == "flat")) {
    fmt::print(stderr, "send_floor PORT paced CONNECTIONS RATE SECONDS | PORT flat CONNECTIONS MESSAGES\n");
    return 1;
  }
  std::vector<int> sockets;
  for (int i = 0; i < std::stoi(arguments[3]); ++i) sockets.push_back(connected(std::stoi(arguments[1]), i));
  const double used_before = processor_seconds();
  const Clock::time_point began = Clock::now();
  double messages = std::stod(arguments[4]);
  if (paced) {
    messages *= std::stod(arguments[5]);
    send_paced(sockets, std::stod(arguments[4]), std::stod(arguments[5]));
  } else {
    send_flat_out(sockets, static_cast<std::size_t>(messages));
  }
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  fmt::print("{:.0f} {:.4f}\n", messages / took, (processor_seconds() - used_before) / messages * 1e6);
}
