// Which descriptors can be read or written, found many at a time. Private to lib/net.
//
// The surprise: on Linux all descriptors stand in an epoll set of our own, and only that set is given to Asio. Asio
// would re-arm each descriptor with a system call for each wait; so a busy connection costs its read and its write and
// nothing else, and an idle one no object of Asio's. Elsewhere each descriptor waits in Asio.
//
// Level-triggered: what is left unread is told again at the next turn, so one read per turn is enough.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <system_error>

namespace asio {
class io_context;
}

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

  // Takes up to max_batch descriptors that are ready now, without waiting. False if there is none.
  bool collect();
  // Makes the io_context call `woken` once something is ready.
  virtual void arm() = 0;
  // Calls the Watched of what was collected.
  void dispatch();

  static constexpr std::size_t max_batch = 128;

 protected:
  struct Ready {
    Watched* watched;
    bool read;
    bool write;
  };

  // Fills `ready` and returns how many.
  virtual std::size_t find_ready(std::span<Ready> ready) = 0;
  virtual void remove(int fd) = 0;

 private:
  std::array<Ready, max_batch> batch_{};
  std::size_t batch_size_ = 0;
};

// Null where the system has no epoll.
[[nodiscard]] std::unique_ptr<Readiness> make_epoll_readiness(asio::io_context& context, std::function<void()> woken);
[[nodiscard]] std::unique_ptr<Readiness> make_portable_readiness(asio::io_context& context,
                                                                 std::function<void()> woken);

}  // namespace mqtk
