// Runs a Scenario on one Loop: connects the clients, sends what the schedule says, checks what arrives, waits for the
// rest and closes.
//
// All messages that are due in a turn are encoded first; then every connection is flushed once.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "load/delivery_check.hpp"
#include "load/load_client.hpp"
#include "load/load_result.hpp"
#include "load/message_stamp.hpp"
#include "load/scenario.hpp"
#include "load/send_schedule.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "session/ring.hpp"

namespace mqtk {

class WorkerListener {
 public:
  // All clients are there or have failed, and what the scenario asks for begins.
  virtual void on_running() = 0;
  // Once a second from then on.
  virtual void on_interval(const LoadInterval& interval) = 0;
  // The result is complete. The Worker must not be destroyed in this call.
  virtual void on_done() = 0;

 protected:
  ~WorkerListener() = default;
};

class Worker final : LoadClientListener {
 public:
  // All three outlive the Worker.
  Worker(Loop& loop, const Scenario& scenario, WorkerListener& listener);
  ~Worker();

  // on_done follows.
  void start();
  // Sends nothing more, waits for what is under way and ends. During the wait: ends at once.
  void end_early();

  // Latencies are complete with on_done only.
  [[nodiscard]] const LoadResult& result() const { return result_; }
  [[nodiscard]] LoadResult take_result() { return std::move(result_); }
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  enum class Phase : std::uint8_t { idle, connecting, running, draining, closing, done };

  struct Publisher {
    std::string topic;
    std::uint32_t sequence = 0;  // of the next message
    std::uint64_t refused = 0;   // by the broker: nobody is to receive them
    // Without a schedule: how many it still has to send, so that a number of messages is shared evenly.
    std::uint64_t share = std::numeric_limits<std::uint64_t>::max();
    Ring<TimePoint> waiting;  // intended times of what was due and found no room
  };
  struct Subscriber {
    std::string filter;
    DeliveryCheck check;
  };

  // worker.cpp: phases
  void connect_more();
  void client_settled();
  void run();
  void step();
  void begin_draining();
  [[nodiscard]] bool all_arrived() const;
  void begin_closing();
  void finish();
  void take_interval();
  void keep_latencies(LoadInterval* interval);
  void note_error(LoadErrorKind kind, std::string_view text, std::uint64_t times);

  // worker_traffic.cpp: messages
  void send_due();
  void begin_without_schedule();
  void give_up_share(std::uint32_t publisher, std::string_view why);
  void offer(std::uint32_t publisher, TimePoint intended, TimePoint now);
  bool send(std::uint32_t publisher, TimePoint intended, TimePoint now);
  void send_waiting(std::uint32_t publisher);
  [[nodiscard]] bool may_send_more() const;
  void count_expected();
  void count_lost();
  void measure(Latency kind, Duration latency) { interval_latencies_[static_cast<std::size_t>(kind)].record(latency); }
  [[nodiscard]] bool is_measured(TimePoint intended) const { return intended >= measure_from_ && running_or_later_; }
  void on_latency(Latency kind, Duration latency) override;
  void on_ready(LoadClient& client) override;
  void on_error(LoadErrorKind kind, ReasonCode reason, std::string_view text) override;
  void on_gone(LoadClient& client) override;
  void on_message(LoadClient& client, const Publish& message, TimePoint now) override;
  void on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) override;
  void on_room_to_send(LoadClient& client) override;

  [[nodiscard]] bool is_publisher(const LoadClient& client) const { return client.number() < scenario_.publishers; }
  [[nodiscard]] LoadClient& subscriber_client(std::uint32_t subscriber) const {
    return *clients_[scenario_.publishers + subscriber];
  }

  static constexpr std::uint64_t most_waiting = 1'000'000;
  static constexpr Duration shortest_pause = std::chrono::microseconds{100};  // between two looks at the schedule
  static constexpr Duration closing_limit = std::chrono::seconds{2};

  Loop& loop_;
  const Scenario& scenario_;
  WorkerListener& listener_;
  LoadClientSettings settings_;
  Phase phase_ = Phase::idle;
  bool running_or_later_ = false;

  // First the publishers, then the subscribers, then the idle ones.
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<Publisher> publishers_;
  std::vector<Subscriber> subscribers_;
  std::vector<std::vector<std::uint32_t>> receivers_;  // of each publisher's messages: subscribers
  std::uint32_t begun_ = 0;
  std::uint32_t pending_ = 0;
  std::uint32_t still_open_ = 0;  // while closing

  std::vector<std::uint8_t> payload_;
  Publish message_;
  std::unique_ptr<SendSchedule> schedule_;
  std::uint64_t random_;
  std::uint32_t next_publisher_ = 0;
  std::uint64_t offered_ = 0;   // messages that the schedule or the loop has asked for
  std::uint64_t waiting_ = 0;   // in all publishers
  std::uint64_t expected_ = 0;  // copies that subscribers should have received by now
  std::uint64_t arrived_ = 0;   // of those

  TimePoint connecting_began_{};
  TimePoint run_began_{};
  TimePoint measure_from_{};
  TimePoint send_until_{};
  TimePoint drain_until_{};
  TimePoint last_sent_{};
  TimePoint last_acknowledged_{};
  TimePoint last_received_{};

  LoadResult result_;
  std::array<Histogram, latency_kinds> interval_latencies_;  // since interval_began_, not in result_ yet
  LoadCounts interval_from_;
  std::uint64_t interval_errors_ = 0;
  TimePoint interval_began_{};
  Timer step_timer_;
  Timer interval_timer_;
};

}  // namespace mqtk
