// mqtk-broker or a sink in a process of its own, for the time of a run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>

#include "net/endpoint.hpp"

namespace mqtk::bench {

class EmbeddedBroker {
 public:
  EmbeddedBroker() = default;
  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;
  // Ends it.
  ~EmbeddedBroker();

  enum class Program : std::uint8_t {
    broker,  // the mqtk-broker that lies beside this program
    sink,    // this program's
  };
  // Starts it on a free port of the loopback and waits until it listens. It ends with this process, however that ends.
  // The error is one line.
  [[nodiscard]] std::expected<Endpoint, std::string> start(Program program);
  [[nodiscard]] std::uint32_t process() const { return static_cast<std::uint32_t>(process_); }

 private:
  pid_t process_ = 0;
  int output_ = -1;
};

}  // namespace mqtk::bench
