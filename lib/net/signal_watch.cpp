#include "net/signal_watch.hpp"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <utility>
#include <vector>

#include "net/loop.hpp"

namespace mqtk {

class SignalWatch::Parts {
 public:
  Parts(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> received)
      : loop_(loop), received_(std::move(received)), signals_(loop.context()) {
    for (const int number : signals) {
      struct sigaction earlier{};
      ::sigaction(number, nullptr, &earlier);
      earlier_.emplace_back(number, earlier);
      signals_.add(number);
    }
    await();
  }
  ~Parts() {
    // Asio goes back to the default, not to what was there before.
    signals_.clear();
    for (const auto& [number, earlier] : earlier_) ::sigaction(number, &earlier, nullptr);
  }

 private:
  void await() {
    signals_.async_wait([this](std::error_code error, int number) {
      if (error) return;  // aborted: this is dying
      // Through the loop, so that the callback has a fresh now() and the end of a turn behind it.
      loop_.post([this, alive = std::weak_ptr<int>(alive_), number] {
        if (!alive.expired()) received_(number);
      });
      await();
    });
  }

  Loop& loop_;
  std::function<void(int)> received_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  asio::signal_set signals_;
  std::vector<std::pair<int, struct sigaction>> earlier_;
};

SignalWatch::SignalWatch(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> received)
    : parts_(std::make_unique<Parts>(loop, signals, std::move(received))) {}

SignalWatch::~SignalWatch() = default;

}  // namespace mqtk
