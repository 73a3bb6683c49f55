// Runs a Scenario: one Worker per thread, each with a Loop and a slice of the clients of its own, and brings their
// results together.
//
// The first Worker lives on the caller's Loop; nothing is shared between the threads but what never changes.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "load/worker.hpp"

namespace mqtk {

// Called from the caller's Loop.
class LoadRunListener {
 public:
  // All clients are there or have failed, and what the scenario asks for begins.
  virtual void on_running() = 0;
  // Once a second from then on.
  virtual void on_interval(const LoadInterval& interval) = 0;
  // The result is complete. The LoadRun must not be destroyed in this call.
  virtual void on_done() = 0;

 protected:
  ~LoadRunListener() = default;
};

class LoadRun {
 public:
  // All three outlive the run. `process` is this process's part of the scenario, if several share it.
  LoadRun(Loop& loop, const Scenario& scenario, LoadRunListener& listener, LoadSlice process = {});
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;
  ~LoadRun();

  // on_done follows. Connects at once; the run begins when all clients are there, but not before `begin_at`.
  void start(TimePoint begin_at = {});
  // How the clocks of the processes that share the scenario differ from ours, whenever that is known better; at any
  // time between start() and on_done.
  void set_clocks(const std::vector<SenderClock>& clocks);
  // Sends nothing more, waits for what is under way and ends. During the wait: ends at once.
  void end_early();

  // Known from the beginning.
  [[nodiscard]] Latency main_latency() const { return scenario_.main_latency(); }
  // From on_done on.
  [[nodiscard]] LoadResult take_result() { return std::move(result_); }
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  enum class Phase : std::uint8_t { idle, connecting, running, draining, closing, done };
  class Seat;

  void worker_connected();
  void begin_running();
  void worker_interval(std::size_t index, const LoadInterval& interval);
  void worker_sent();
  void worker_drains();
  void close_all();
  void worker_done();
  void finish();
  void count_copies();
  void emit_intervals(std::size_t least_parts);
  template <class Action>
  void each_worker(const Action& action);

  // Brings a call from the seat's thread to the caller's.
  void call(std::function<void()> work) { loop_.post(std::move(work)); }

  struct Gathered {
    std::size_t parts = 0;
    LoadInterval interval;
  };

  Loop& loop_;
  const Scenario& scenario_;
  LoadRunListener& listener_;
  LoadSlice process_;
  RateCurve curve_;
  Audience audience_;
  Phase phase_ = Phase::idle;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::size_t connected_ = 0;
  std::size_t sent_ = 0;
  std::size_t done_ = 0;
  std::map<std::size_t, Gathered> gathering_;
  LoadResult result_;
  // After its own messages have come, those of other processes may still.
  static constexpr Duration lingering = std::chrono::seconds{1};

  TimePoint begin_at_{};
  TimePoint drain_until_{};
  bool lingers_ = false;
  Timer begin_timer_;
  Timer drain_timer_;
};

}  // namespace mqtk
