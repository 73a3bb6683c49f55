// A broker for one Client under test that does what the test says, in bytes written by hand.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/hex.hpp"
#include "client/client.hpp"

namespace mqtk {

// Everything that waits here turns the client's Loop meanwhile, for five seconds at most.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(Loop& loop) : loop_(loop), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  ~ScriptedPeer() {
    close();
    ::close(listener_);
  }

  [[nodiscard]] Endpoint endpoint() const { return {.host = "127.0.0.1", .port = port_}; }

  void accept() {
    close();
    received_.clear();
    REQUIRE(wait_for(listener_));
    socket_ = ::accept(listener_, nullptr, nullptr);
    REQUIRE(socket_ >= 0);
  }

  // Whether another connection comes within this time.
  [[nodiscard]] bool is_asked_again(std::chrono::milliseconds limit) { return wait_for(listener_, limit); }

  // The next packet, as hex digits in pairs.
  [[nodiscard]] std::string receive() {
    while (packet_size() == 0) {
      if (!wait_for(socket_)) return "nothing came";
      if (!read()) return "closed";
    }
    const std::string packet = received_.substr(0, packet_size());
    received_.erase(0, packet.size());
    return to_hex(as_bytes(packet), " ");
  }

  // "closed" if the client closes without a word.
  [[nodiscard]] bool is_silent(std::chrono::milliseconds limit = std::chrono::milliseconds{50}) {
    return packet_size() == 0 && (!wait_for(socket_, limit) || (read() && packet_size() == 0));
  }

  void send(std::string_view hex) {
    const auto bytes = from_hex(hex);
    REQUIRE(bytes);
    REQUIRE(::send(socket_, bytes->data(), bytes->size(), MSG_NOSIGNAL) == std::ssize(*bytes));
  }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  bool wait_for(int descriptor, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    const TimePoint end = loop_.refresh_now() + limit;
    for (;;) {
      pollfd readable{descriptor, POLLIN, 0};
      if (::poll(&readable, 1, 0) > 0) return true;
      if (loop_.now() >= end) return false;
      loop_.run_turn(std::chrono::milliseconds{1});
    }
  }

  bool read() {
    char block[4096];
    const ssize_t count = ::recv(socket_, block, sizeof block, 0);
    if (count > 0) received_.append(block, static_cast<std::size_t>(count));
    return count > 0;
  }

  // 0 as long as no whole packet is there.
  [[nodiscard]] std::size_t packet_size() const {
    std::size_t length = 0;
    for (std::size_t i = 1; i < received_.size() && i < 5; ++i) {
      const auto byte = static_cast<unsigned char>(received_[i]);
      length |= static_cast<std::size_t>(byte & 0x7FU) << (7 * (i - 1));
      if (byte < 0x80) return received_.size() >= i + 1 + length ? i + 1 + length : 0;
    }
    return 0;
  }

  Loop& loop_;
  int listener_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::string received_;
};

// A listener that notes what it is told, one text per call.
class Notes : public ClientListener {
 public:
  virtual ~Notes() = default;

  std::vector<std::string> all;
  std::optional<ConnectionFailure> failure;  // of the latest on_connection_lost or on_stopped
  bool stopped = false;

  // And forgets them.
  std::vector<std::string> take() { return std::exchange(all, {}); }

  void on_connected(const Connected& connected) override {
    all.push_back(connected.session_present ? "connected to the session" : "connected");
  }
  void on_connection_lost(const ConnectionFailure& why, Duration) override {
    failure = why;
    all.emplace_back("lost");
  }
  void on_stopped(const ConnectionFailure* why) override {
    stopped = true;
    failure.reset();
    if (why != nullptr) failure = *why;
    all.emplace_back(why == nullptr ? "stopped" : "failed");
  }
  void on_message(const Publish& message) override {
    all.push_back(std::string{message.topic_name} + "=" + std::string{as_text(message.payload)});
  }
  void on_publish_done(const PublishDone& done) override {
    const auto reason = static_cast<std::uint8_t>(done.reason);
    all.push_back("done " + std::to_string(done.tag) + " " + to_hex({&reason, 1}));
  }
  void on_subscribed(Tag, const Suback& answer) override { all.push_back("suback " + to_hex(answer.reason_codes)); }
  void on_unsubscribed(Tag, const Unsuback& answer) override {
    all.push_back("unsuback " + to_hex(answer.reason_codes));
  }
};

// A client and its broker, and the first steps of most conversations.
struct Conversation {
  explicit Conversation(ConnectOptions asked = {}) : options(std::move(asked)), peer(loop) {
    if (options.client_identifier.empty()) options.client_identifier = "c";
  }

  // Lets the client try again after a loss.
  void reconnects() {
    options.reconnect.attempts = ReconnectPolicy::forever;
    options.reconnect.shortest_delay = options.reconnect.longest_delay = std::chrono::milliseconds{1};
  }

  Client& start() {
    client = std::make_unique<Client>(loop, peer.endpoint(), options, notes);
    client->start();
    return *client;
  }

  // Up to the CONNACK, which is `connack`; returns the CONNECT.
  std::string open(std::string_view connack = "20 03 00 00 00") {
    start();
    return accept(connack);
  }
  std::string accept(std::string_view connack = "20 03 00 00 00") {
    peer.accept();
    std::string connect = peer.receive();
    peer.send(connack);
    run_until([this] { return client->is_connected(); });
    return connect;
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const TimePoint end = loop.refresh_now() + std::chrono::seconds{5};
    while (!condition()) {
      if (loop.now() >= end) return false;
      loop.run_turn(std::chrono::milliseconds{5});
    }
    return true;
  }
  bool run_until_stopped() {
    return run_until([this] { return notes.stopped; });
  }
  bool run_until_noted(std::size_t count) {
    return run_until([this, count] { return notes.all.size() >= count; });
  }

  // Publishes "x" to "t".
  std::expected<Client::Flow, Fault> publish(QoS qos, Tag tag = 0, PropertyBlock properties = {}) {
    Publish message;
    message.topic_name = "t";
    message.qos = qos;
    message.payload = as_bytes("x");
    message.properties = properties;
    return client->publish(message, tag);
  }
  bool taken(QoS qos, Tag tag = 0) { return publish(qos, tag) == Client::Flow::taken; }

  void subscribe(std::string_view filter, QoS qos, Tag tag = 0) {
    SubscriptionWriter filters;
    filters.add({.topic_filter = filter, .qos = qos});
    REQUIRE(client->subscribe({0, {}, filters.list()}, tag));
  }

  ConnectOptions options;
  Loop loop;
  ScriptedPeer peer;
  Notes notes;
  std::unique_ptr<Client> client;
};

using Told = std::vector<std::string>;

}  // namespace mqtk
