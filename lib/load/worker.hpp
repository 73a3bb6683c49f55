// Does one slice of a Scenario on one Loop: connects its clients, sends what the schedules say, checks what arrives,
// waits for the rest and closes. LoadRun tells it when.
//
// All messages that are due in a turn are encoded first; then every connection is flushed once.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/backoff.hpp"
#include "load/audience.hpp"
#include "load/clock_comparison.hpp"
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

struct DrainProgress {
  bool settled = false;  // nothing of its own is under way
  std::uint64_t expected = 0;
  std::uint64_t arrived = 0;
};

// Called in the Worker's thread. The Worker must not be destroyed in a call.
class WorkerListener {
 public:
  // All clients are there or have failed: call run().
  virtual void on_connected() = 0;
  // Once a second from run() on, and once more at the end.
  virtual void on_interval(const LoadInterval& interval) = 0;
  // It sends nothing more: on_drain follows now and then until close().
  virtual void on_sent() = 0;
  virtual void on_drain(const DrainProgress& progress) = 0;
  // The result is complete.
  virtual void on_done() = 0;

 protected:
  ~WorkerListener() = default;
};

class Worker final : LoadClientListener {
 public:
  // All of them outlive the Worker.
  Worker(Loop& loop, const Scenario& scenario, LoadSlice slice, WorkerListener& listener);
  ~Worker();

  // on_connected follows.
  void start();
  // `audience` and `curve` outlive the run; on_sent follows, if there is anything to do at all.
  void run(const Audience& audience, const RateCurve& curve, TimePoint began);
  void end_sending();
  // How the clocks of the processes that share the load differ from ours; empty, as at the beginning: only one does it.
  void set_clocks(const std::vector<SenderClock>& clocks) { sender_clocks_ = clocks; }
  // on_done follows, after a wait for what the connections still have to write.
  void close();

  // From on_done on.
  [[nodiscard]] LoadResult take_result() { return std::move(result_); }
  [[nodiscard]] bool has_publishers() const { return !publishers_.empty(); }
  [[nodiscard]] bool anybody_there() const;
  // Subscribers that are not: group and number in the group.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> absent() const;
  // Copies by stream, over all streams of the scenario: which should have come of what this Worker sent, and which
  // different ones came to its subscribers.
  void add_expected(std::vector<std::uint64_t>& copies) const;
  void add_arrived(std::vector<std::uint64_t>& copies) const;

 private:
  enum class Phase : std::uint8_t { idle, connecting, connected, running, draining, closing, done };
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  struct Publisher {
    std::string topic;              // empty where each message has its own
    std::uint32_t copies = 0;       // receivers of each message
    std::uint32_t sequence = 0;     // of the next message
    std::uint32_t outstanding = 0;  // closed loop: not answered, or answered and being thought about
    std::uint64_t expected = 0;     // copies of all messages that were sent and not refused
    // Without a schedule: how many it still has to send, so that a number of messages is shared evenly.
    std::uint64_t share = no_limit;
    Ring<TimePoint> waiting;  // intended times of what was due and found no room
  };
  struct Thinking {
    TimePoint until{};
    std::uint32_t client = 0;
  };
  struct Group {
    LoadClientSettings settings;
    const ClientGroup* plan = nullptr;
    std::uint32_t own = 0;           // clients of this slice
    std::uint32_t first_place = 0;   // in clients_
    std::uint32_t first_client = 0;  // number among all clients of the scenario
    std::uint32_t first_stream = 0;
    std::uint32_t first_publisher = 0;  // in publishers_
    std::uint32_t first_check = 0;      // in checks_
    TextTemplate client_identifier;
    TextTemplate user_name;
    TextTemplate password;
    TextTemplate will_topic;

    std::unique_ptr<SendSchedule> schedule;
    std::uint64_t limit = no_limit;  // messages to be sent
    std::uint64_t offered = 0;       // that the schedule or the loop has asked for
    std::uint32_t next_publisher = 0;
    Ring<Thinking> thinking;
    Publish message;
    std::vector<std::uint8_t> payload;
    std::string text;                      // payload from a template
    std::vector<std::uint8_t> properties;  // of each message; a stamp, if any, at the end

    std::uint32_t next_to_connect = 0;
    std::unique_ptr<Timer> connect_timer;
    std::uint32_t next_to_leave = 0;
    std::unique_ptr<Timer> storm_timer;
  };

  // worker.cpp: phases
  void add_group(std::uint32_t index);
  void prepare_messages(Group& group);
  void step();
  [[nodiscard]] bool all_offered() const;
  [[nodiscard]] TimePoint next_step() const;
  [[nodiscard]] bool all_settled() const;
  void count_rest();
  void finish();
  void take_interval();
  void keep_latencies(LoadInterval* interval);
  void measure(Latency kind, Duration latency) { interval_latencies_[static_cast<std::size_t>(kind)].record(latency); }
  void note_error(LoadErrorKind kind, std::string_view text, std::uint64_t times);
  void step_soon() { step_timer_.arm(loop_.now()); }

  // worker_connections.cpp
  void queue_first_connections(Group& group);
  void connect_more();
  [[nodiscard]] LoadClient::Texts texts_of(const LoadClient& client);
  void settle(const LoadClient& client);
  void give_up(LoadClient& client);
  void begin_storms();
  void storm(Group& group);
  void on_ready(LoadClient& client) override;
  void on_gone(LoadClient& client, Gone gone) override;
  void on_waited(LoadClient& client) override;

  // worker_sending.cpp
  void begin_sending(Group& group, const RateCurve& curve);
  void send_due(Group& group);
  void offer(Group& group, std::uint32_t index, TimePoint intended);
  bool send(Group& group, std::uint32_t index, TimePoint intended, TimePoint now);
  void fill_payload(Group& group, const Publisher& publisher, std::uint32_t number, const MessageStamp& stamp);
  void send_waiting(Group& group, std::uint32_t index);
  void give_up_share(Group& group, std::uint32_t index, std::string_view why);
  void free_slot(Group& group, std::uint32_t index, TimePoint now);
  void stop_thinking(Group& group, TimePoint now);
  void on_room_to_send(LoadClient& client) override;
  void on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) override;

  // worker_receiving.cpp
  void on_message(LoadClient& client, const Publish& message, TimePoint now) override;
  void take_answer(LoadClient& client, const Publish& message, TimePoint now);
  void answer(LoadClient& client, const Publish& request, TimePoint now);
  [[nodiscard]] std::string response_topic(std::uint32_t stream) const;
  // Below streams_ if the message is of this run, which several processes may share.
  [[nodiscard]] std::uint32_t own_stream(const MessageStamp& stamp) const {
    return stamp.number_from(scenario_.first_stream);
  }
  bool check(DeliveryCheck& check, const ClientGroup& receiver, const MessageStamp& stamp);
  [[nodiscard]] std::optional<Duration> sender_ahead(const LoadClient& receiver, const MessageStamp& stamp,
                                                     TimePoint now);
  [[nodiscard]] const Group* group_of_stream(std::uint32_t stream) const;
  [[nodiscard]] bool is_ordered(const ClientGroup& receiver, std::uint32_t stream) const;
  void on_latency(Latency kind, Duration latency) override;
  void on_error(LoadErrorKind kind, ReasonCode reason, std::string_view text) override;

  [[nodiscard]] bool is_measured(TimePoint intended) const {
    return intended >= measure_from_ && intended < measure_until_;
  }
  [[nodiscard]] bool in_run() const { return phase_ == Phase::running || phase_ == Phase::draining; }
  [[nodiscard]] Group& group_of(const LoadClient& client) { return groups_[client.group_index()]; }
  // Index of the client among those of its group here.
  [[nodiscard]] std::uint32_t index_of(const LoadClient& client) const {
    return client.place() - groups_[client.group_index()].first_place;
  }
  [[nodiscard]] LoadClient& client_of(const Group& group, std::uint32_t index) const {
    return *clients_[group.first_place + index];
  }
  [[nodiscard]] TemplateValues values_of(const Group& group, std::uint32_t number);

  static constexpr std::uint64_t most_waiting = 1'000'000;
  static constexpr Duration closing_limit = std::chrono::seconds{2};

  Loop& loop_;
  const Scenario& scenario_;
  LoadSlice slice_;
  std::vector<SenderClock> sender_clocks_;  // by process
  WorkerListener& listener_;
  const Audience* audience_ = nullptr;
  Phase phase_ = Phase::idle;

  std::vector<Group> groups_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<Publisher> publishers_;
  std::vector<DeliveryCheck> checks_;  // of those who subscribe, and of those who request
  std::unordered_map<std::uint32_t, Backoff> backoffs_;
  Ring<std::uint32_t> to_connect_;  // places
  std::uint32_t most_pending_ = 1;
  std::uint32_t pending_ = 0;
  std::uint32_t unsettled_ = 0;  // clients whose first connection is not decided
  std::vector<bool> settled_;
  std::vector<bool> was_there_;
  std::uint32_t given_up_ = 0;    // clients that will not come back
  std::uint32_t still_open_ = 0;  // while closing

  std::uint32_t streams_ = 0;  // of the scenario
  std::uint64_t random_;
  std::uint64_t waiting_ = 0;   // in all publishers
  std::uint64_t expected_ = 0;  // copies that subscribers should have received by now
  std::uint64_t arrived_ = 0;   // that came to those of this Worker
  std::uint64_t unanswered_ = 0;
  std::uint64_t received_limit_ = no_limit;
  bool stamps_in_properties_ = false;

  TimePoint connecting_began_{};
  TimePoint run_began_{};
  WallTime wall_began_{};
  TimePoint measure_from_ = TimePoint::max();
  TimePoint measure_until_ = TimePoint::max();
  TimePoint send_until_{};
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
