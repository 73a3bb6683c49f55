// Which descriptors can be read or written: epoll on Linux, poll elsewhere. Private to lib/net.
//
// Level-triggered: what is left unread is told again at the next turn, so one read per turn is enough, and a
// busy connection costs its read and its write and nothing else.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

namespace mqtk {

// May be destroyed in either call, its own included, after Readiness::forget.
class Watched {
 public:
  // Also called for errors and hang-ups: the read or write that follows tells which.
  virtual void on_fd_readable() = 0;
  virtual void on_fd_writable() = 0;

 protected:
  ~Watched() = default;
};

struct Interest {
  bool read = false;
  bool write = false;
};

class Readiness {
 public:
  virtual ~Readiness() = default;

  [[nodiscard]] virtual std::error_code watch(int fd, Interest interest, Watched& watched) = 0;
  // Also hands the descriptor over to another Watched. No interest at all is silence, errors included.
  virtual void change(int fd, Interest interest, Watched& watched) = 0;
  // Before the descriptor is closed. Events of this turn that are not yet delivered are dropped.
  void forget(int fd, Watched& watched);

  // Waits until something is ready or `timeout` is over (no value: without end).
  void wait(std::optional<std::chrono::nanoseconds> timeout);
  // Calls the Watched of what the wait found: up to max_batch descriptors.
  void dispatch();

  static constexpr std::size_t max_batch = 128;

 protected:
  struct Ready {
    Watched* watched;
    bool read;
    bool write;
  };

  // Fills `ready` and returns how many.
  virtual std::size_t find_ready(std::optional<std::chrono::nanoseconds> timeout, std::span<Ready> ready) = 0;
  virtual void remove(int fd) = 0;

 private:
  std::array<Ready, max_batch> batch_{};
  std::size_t batch_size_ = 0;
};

// Null where the system has no epoll.
[[nodiscard]] std::unique_ptr<Readiness> make_epoll_readiness();
[[nodiscard]] std::unique_ptr<Readiness> make_poll_readiness();

}  // namespace mqtk
