#include "forwarder.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace mqtk::benchmark {
namespace {

struct Client {
  int fd;
  bool connected = false;
  bool publishes = false;
  std::string number = {};
  int to = -1;  // publisher: where its bytes go
};

class Forwarder {
 public:
  explicit Forwarder(int port) : listening_(socket(AF_INET, SOCK_STREAM, 0)), poll_(epoll_create1(0)) {
    const int on = 1;
    setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listening_, 128);
    watch(listening_, nullptr);
  }

  [[noreturn]] void run() {
    for (;;) {
      std::array<epoll_event, 128> events{};
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (client == nullptr) {
          accept_one();
        } else {
          serve(*client);
        }
      }
    }
  }

 private:
  void watch(int fd, Client* client) const {
    epoll_event event{EPOLLIN, {.ptr = client}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
  }
  void accept_one() {
    const int fd = accept(listening_, nullptr, nullptr);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto& client = clients_[fd] = std::make_unique<Client>(Client{fd});
    watch(fd, client.get());
  }
  void serve(Client& client) {
    const ssize_t count = recv(client.fd, buffer_.data(), buffer_.size(), 0);
    if (count <= 0) {
      const int fd = client.fd;
      clients_.erase(fd);
      close(fd);
      return;
    }
    const auto size = static_cast<std::size_t>(count);
    if (!client.connected) {
      on_connect(client, size);
    } else if (client.publishes) {
      if (client.to < 0) client.to = subscribers_[client.number];
      put(client.to, buffer_.data(), size);
    } else if (buffer_[0] == 0x82) {
      const std::array<std::uint8_t, 5> suback{0x90, 3, buffer_[2], buffer_[3], 0};
      put(client.fd, suback.data(), suback.size());
      subscribers_[client.number] = client.fd;
    }
  }
  // The Client Identifier is all of the packet behind its 14th byte.
  void on_connect(Client& client, std::size_t size) {
    const std::string identifier(buffer_.begin() + 14, buffer_.begin() + static_cast<std::ptrdiff_t>(size));
    client.connected = true;
    client.publishes = identifier.starts_with("pub");
    client.number = identifier.substr(3);
    const std::array<std::uint8_t, 4> connack{0x20, 2, 0, 0};
    put(client.fd, connack.data(), connack.size());
  }
  static void put(int fd, const std::uint8_t* bytes, std::size_t size) {
    // With one message in flight there is always room.
    if (send(fd, bytes, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) _exit(1);
  }

  int listening_;
  int poll_;
  std::array<std::uint8_t, 65536> buffer_{};
  std::map<int, std::unique_ptr<Client>> clients_;
  std::map<std::string, int> subscribers_;
};

}  // namespace

void forward_bytes(int port) { Forwarder{port}.run(); }

}  // namespace mqtk::benchmark
