#include "inspect/interruption.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace mqtk::inspect {
namespace {

constexpr std::chrono::seconds grace{1};

// A pipe wakes whoever waits, also where the signal comes just before the waiting starts.
std::array<int, 2> wake_up{-1, -1};

void on_signal(int) {
  const int error = errno;
  const ssize_t written = ::write(wake_up[1], "", 1);
  static_cast<void>(written);  // a full pipe wakes as well
  errno = error;
}

}  // namespace

Interruption& Interruption::catch_signals() {
  static Interruption only;
  return only;
}

Interruption::Interruption() {
  if (::pipe2(wake_up.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before{};
    // What a shell starts in the background ignores SIGINT, and goes on doing so.
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
  }
}

bool Interruption::has_come() const {
  pollfd woken{wake_up[0], POLLIN, 0};
  return ::poll(&woken, 1, 0) > 0;
}

void Interruption::pause(std::chrono::milliseconds time) const {
  pollfd woken{wake_up[0], POLLIN, 0};
  ::poll(&woken, 1, static_cast<int>(time.count()));
}

bool Interruption::await_readable(int descriptor) {
  while (true) {
    std::array<pollfd, 2> waiting{pollfd{descriptor, POLLIN, 0}, pollfd{give_up_ ? -1 : wake_up[0], POLLIN, 0}};
    int limit = -1;
    if (give_up_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*give_up_ - Clock::now());
      if (left.count() <= 0) return false;
      limit = static_cast<int>(left.count());
    }
    if (::poll(waiting.data(), waiting.size(), limit) < 0 && errno != EINTR) return true;
    if (waiting[1].revents != 0) give_up_ = Clock::now() + grace;
    if (waiting[0].revents != 0) return true;
  }
}

}  // namespace mqtk::inspect
