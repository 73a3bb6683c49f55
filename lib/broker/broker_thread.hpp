// A broker with a Loop and a thread of its own: for a test or a program that has other things to do.
//
// The broker is of that thread: reach it through call() only, and take no messages out of it, whose memory is counted
// without locks.
#pragma once

#include <expected>
#include <functional>
#include <memory>

#include "broker/broker.hpp"

namespace mqtk {

class BrokerThread {
 public:
  // When it returns, clients can connect. Port 0 takes any free port. `listener` is called in the broker's thread and
  // outlives it; null for none.
  [[nodiscard]] static std::expected<std::unique_ptr<BrokerThread>, NetError> start(
      const BrokerOptions& options = {}, const Endpoint& endpoint = {.host = "127.0.0.1", .port = 0},
      BrokerListener* listener = nullptr);
  BrokerThread(const BrokerThread&) = delete;
  BrokerThread& operator=(const BrokerThread&) = delete;
  // Says good-bye to the clients and waits for the thread.
  ~BrokerThread();

  // Where clients connect, with the port that was taken.
  [[nodiscard]] const Endpoint& endpoint() const;

  // Runs `work` in the broker's thread and waits until it is done. Not from within that thread.
  void call(const std::function<void(Broker&)>& work);

 private:
  class Parts;
  explicit BrokerThread(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace mqtk
