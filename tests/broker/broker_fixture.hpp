// Clients of a broker in memory, scripted byte by byte.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "broker/memory_broker.hpp"
#include "broker/wire.hpp"

namespace mqtk {

using BrokerFixture = MemoryBroker;

// A client: what it sends and what it gets.
class Peer {
 public:
  explicit Peer(BrokerFixture& broker) : broker_(broker), wire_(broker.new_wire()) {}

  void send(const wire::Octets& octets) {
    wire_->to_broker += octets;
    broker_.settle();
  }
  // Everything that came since the last call, in hex.
  [[nodiscard]] std::string got() {
    broker_.settle();
    return wire::shown(std::exchange(wire_->to_client, {}));
  }
  void vanish() {
    wire_->client_gone = true;
    broker_.settle();
  }
  [[nodiscard]] bool closed() {
    broker_.settle();
    return wire_->closed;
  }
  [[nodiscard]] Wire& wire() { return *wire_; }

  // Connects and throws the CONNACK away.
  Peer& connect(const wire::Connect& fields) {
    send(wire::connect(fields));
    REQUIRE(!closed());
    static_cast<void>(got());
    return *this;
  }
  Peer& subscribe(const std::string& filter, unsigned options = 0, const wire::Octets& properties = {}) {
    send(wire::subscribe(1000, {{filter, options}}, properties));
    static_cast<void>(got());
    return *this;
  }

 private:
  BrokerFixture& broker_;
  std::shared_ptr<Wire> wire_;
};

// What the client got must be these bytes and nothing else.
#define EXPECT_GOT(peer, ...) CHECK((peer).got() == ::mqtk::wire::shown(__VA_ARGS__))

}  // namespace mqtk
