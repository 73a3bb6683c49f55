#include "net/signal_watch.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "net/wakeup.hpp"

namespace mqtk {
namespace {

// All that a signal handler may touch.
std::atomic<int> signal_pipe = -1;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void write_signal(int number) {
  const int interrupted_errno = errno;
  const auto byte = static_cast<std::uint8_t>(number);
  [[maybe_unused]] const ssize_t written = ::write(signal_pipe, &byte, 1);
  errno = interrupted_errno;
}

}  // namespace

class SignalWatch::Parts final : Watched {
 public:
  Parts(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> received)
      : loop_(loop), received_(std::move(received)) {
    int none = -1;
    // Without it a program could not be ended; a second watch is a broken invariant of ours.
    if (!pipe_.is_open() || !signal_pipe.compare_exchange_strong(none, pipe_.writing_end())) std::abort();
    if (loop_.readiness().watch(pipe_.reading_end(), {.read = true}, *this)) std::abort();
    for (const int number : signals) {
      struct sigaction action{};
      struct sigaction earlier{};
      action.sa_handler = write_signal;
      action.sa_flags = SA_RESTART;
      ::sigaction(number, &action, &earlier);
      earlier_.emplace_back(number, earlier);
    }
  }

  ~Parts() {
    for (const auto& [number, earlier] : earlier_) ::sigaction(number, &earlier, nullptr);
    signal_pipe = -1;
    loop_.readiness().forget(pipe_.reading_end(), *this);
  }

  void on_fd_readable() override {
    std::uint8_t number = 0;
    if (::read(pipe_.reading_end(), &number, 1) == 1) received_(number);
  }
  void on_fd_writable() override {}

 private:
  Loop& loop_;
  std::function<void(int)> received_;
  Wakeup pipe_;
  std::vector<std::pair<int, struct sigaction>> earlier_;
};

SignalWatch::SignalWatch(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> received)
    : parts_(std::make_unique<Parts>(loop, signals, std::move(received))) {}

SignalWatch::~SignalWatch() = default;

}  // namespace mqtk
