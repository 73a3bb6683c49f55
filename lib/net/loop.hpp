// One thread's event loop: waits for sockets, runs timers and owns the clock.
//
// It works in turns: one wait, then what became ready (a bounded number), then the turn's end, where whoever
// queued output flushes it: one write per connection and turn. Only stop() and post() may be called from
// other threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/receive_buffer.hpp"
#include "base/time.hpp"

namespace asio {
class io_context;
}

namespace mqtk {

class Deadlines;
class Loop;
class Readiness;

// Wants one call at the end of the turn in which it was marked with Loop::call_at_turn_end. May be destroyed
// at any time, in its own call, too; does not outlive the Loop while it is marked.
class TurnEndListener {
 public:
  TurnEndListener() = default;
  TurnEndListener(const TurnEndListener&) = delete;
  TurnEndListener& operator=(const TurnEndListener&) = delete;
  virtual ~TurnEndListener();
  virtual void on_turn_end() = 0;

 private:
  friend class Loop;
  Loop* marked_in_ = nullptr;
  std::uint32_t mark_ = 0;
};

// Lives on by itself until it is finished, for example a connection that writes its last bytes.
class LoopTenant {
 public:
  LoopTenant() = default;
  LoopTenant(const LoopTenant&) = delete;
  LoopTenant& operator=(const LoopTenant&) = delete;
  virtual ~LoopTenant() = default;

 private:
  friend class Loop;
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::size_t place_ = nowhere;
};

struct LoopOptions {
  enum class Waiting { fastest, portable };  // portable: what systems without epoll get
  Waiting waiting = Waiting::fastest;
  std::size_t receive_scratch_bytes = 128 * 1024;
};

class Loop {
 public:
  explicit Loop(const LoopOptions& options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // The time at which this turn began to work; the same for everything in one turn.
  [[nodiscard]] TimePoint now() const { return now_; }
  // now() + `delay`, or the end of time where that would overflow.
  [[nodiscard]] TimePoint time_after(Duration delay) const {
    return delay < TimePoint::max() - now_ ? now_ + delay : TimePoint::max();
  }
  // Reads the clock, for measurements within a turn, and makes now() return it.
  TimePoint refresh_now();
  // Reads the clock that people read.
  [[nodiscard]] WallTime wall_now() const;

  // Turns until stop() is called. A stop() that came before run() ends it at once; each stop() ends one
  // run().
  void run();
  // One turn that waits at most `max_wait`; no value: until something happens. For programs with a rhythm of
  // their own, and tests. Never from within a callback of this Loop.
  void run_turn(std::optional<Duration> max_wait);

  void stop();
  // Runs `work` in a coming turn, in the order of the calls. Work still waiting when the Loop dies is
  // dropped.
  void post(std::function<void()> work);

  // Calls `listener` once at the end of this turn, however often it is marked, or of the next turn (which
  // then does not wait) if the listeners of this turn are being called and this one was.
  void call_at_turn_end(TurnEndListener& listener);

  // Keeps `tenant` until evict, or until the Loop dies. An evicted tenant is destroyed at the end of the
  // turn.
  void adopt(std::unique_ptr<LoopTenant> tenant);
  void evict(LoopTenant& tenant);

  // Where the connections of this thread read; see ReceiveBuffer.
  [[nodiscard]] ReceiveScratch& receive_scratch();

  // For lib/net.
  [[nodiscard]] Readiness& readiness();
  [[nodiscard]] Deadlines& timers();
  [[nodiscard]] asio::io_context& context();

 private:
  friend class TurnEndListener;
  struct Parts;

  void end_turn();
  void destroy_evicted();
  void unmark(TurnEndListener& listener);

  std::unique_ptr<Parts> parts_;
  TimePoint now_{};
};

}  // namespace mqtk
