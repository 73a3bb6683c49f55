#include "broker/broker_thread.hpp"

#include <future>
#include <thread>

#include "net/loop.hpp"

namespace mqtk {

class BrokerThread::Parts {
 public:
  Parts(const BrokerOptions& options, BrokerListener* listener)
      : broker_(loop_, options, listener == nullptr ? deaf_ : *listener) {}

  std::expected<void, NetError> listen(const Endpoint& endpoint) {
    auto taken = broker_.listen(endpoint);
    if (!taken) return std::unexpected(std::move(taken.error()));
    endpoint_ = std::move(*taken);
    return {};
  }
  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop() {
    loop_.post([this] { broker_.shut_down([this] { loop_.stop(); }); });
    thread_.join();
  }
  void call(const std::function<void(Broker&)>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work(broker_);
      done.set_value();
    });
    done.get_future().wait();
  }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  BrokerListener deaf_;
  Loop loop_;
  Broker broker_;
  Endpoint endpoint_;
  std::thread thread_;
};

BrokerThread::BrokerThread(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

BrokerThread::~BrokerThread() { parts_->stop(); }

std::expected<std::unique_ptr<BrokerThread>, NetError> BrokerThread::start(const BrokerOptions& options,
                                                                           const Endpoint& endpoint,
                                                                           BrokerListener* listener) {
  auto parts = std::make_unique<Parts>(options, listener);
  if (auto listening = parts->listen(endpoint); !listening) return std::unexpected(std::move(listening.error()));
  parts->start();
  return std::unique_ptr<BrokerThread>(new BrokerThread(std::move(parts)));
}

const Endpoint& BrokerThread::endpoint() const { return parts_->endpoint(); }

void BrokerThread::call(const std::function<void(Broker&)>& work) { parts_->call(work); }

}  // namespace mqtk
