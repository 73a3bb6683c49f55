#include "load/load_run.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace mqtk {

// A Worker and the thread that it sits in. What the Worker tells is brought to the caller's thread; what it is told is
// brought to its own.
class LoadRun::Seat final : WorkerListener {
 public:
  enum class Where : std::uint8_t { callers_loop, own_thread };

  Seat(LoadRun& run, LoadSlice slice, Where where) : run_(run), slice_(slice) {
    if (where == Where::callers_loop) loop_ = &run.loop_;
  }
  ~Seat() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
  }

  void start() {
    WorkerListener& listener = *this;
    if (loop_ != nullptr) {
      worker_ = std::make_unique<Worker>(*loop_, run_.scenario_, slice_, listener);
      return worker_->start();
    }
    own_loop_ = std::make_unique<Loop>();
    loop_ = own_loop_.get();
    // Made and destroyed where it runs: blocks of memory stay with the thread that took them.
    tell([this, &listener](auto&) {
      worker_ = std::make_unique<Worker>(*loop_, run_.scenario_, slice_, listener);
      worker_->start();
    });
    thread_ = std::thread([this] {
      loop_->run();
      worker_.reset();
    });
  }

  // In the Worker's thread; in its order with all that it was told.
  template <class Action>
  void tell(Action action) {
    loop_->post([this, action = std::move(action)] { action(worker_); });
  }

  std::vector<std::pair<std::uint32_t, std::uint32_t>> absent;
  bool anybody = false;
  bool has_publishers = false;
  bool has_sent = false;
  DrainProgress drain;
  std::vector<std::uint64_t> expected;
  std::vector<std::uint64_t> arrived;
  std::optional<LoadResult> result;

 private:
  void on_connected() override {
    run_.call([this, missing = worker_->absent(), there = worker_->anybody_there(), sends = worker_->has_publishers()] {
      absent = missing;
      anybody = there;
      has_publishers = sends;
      run_.worker_connected();
    });
  }
  void on_interval(const LoadInterval& interval) override {
    run_.call([this, interval] { run_.worker_interval(intervals_++, interval); });
  }
  void on_sent() override {
    run_.call([this] {
      has_sent = true;
      run_.worker_sent();
    });
  }
  void on_drain(const DrainProgress& progress) override {
    run_.call([this, progress] {
      drain = progress;
      run_.worker_drains();
    });
  }
  void on_done() override {
    auto counted = std::make_shared<Counted>();
    counted->expected.resize(run_.scenario_.publishers());
    counted->arrived.resize(run_.scenario_.publishers());
    worker_->add_expected(counted->expected);
    worker_->add_arrived(counted->arrived);
    counted->result = worker_->take_result();
    run_.call([this, counted] {
      expected = std::move(counted->expected);
      arrived = std::move(counted->arrived);
      result = std::move(counted->result);
      run_.worker_done();
    });
  }

  struct Counted {
    std::vector<std::uint64_t> expected;
    std::vector<std::uint64_t> arrived;
    LoadResult result;
  };

  LoadRun& run_;
  LoadSlice slice_;
  std::unique_ptr<Loop> own_loop_;
  Loop* loop_ = nullptr;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
  std::size_t intervals_ = 0;
};

LoadRun::LoadRun(Loop& loop, const Scenario& scenario, LoadRunListener& listener, LoadSlice process)
    : loop_(loop),
      scenario_(scenario),
      listener_(listener),
      process_(process),
      curve_(scenario.rate_curve()),
      begin_timer_(loop, [this] { begin_running(); }),
      drain_timer_(loop, [this] { close_all(); }) {}

LoadRun::~LoadRun() = default;

template <class Action>
void LoadRun::each_worker(const Action& action) {
  for (const auto& seat : seats_) seat->tell([action](const auto& worker) { action(*worker); });
}

void LoadRun::start(TimePoint begin_at) {
  phase_ = Phase::connecting;
  begin_at_ = begin_at;
  const std::uint32_t threads = std::max(scenario_.threads, 1U);
  for (std::uint32_t i = 0; i < threads; ++i) {
    const LoadSlice slice{.index = process_.index + i * process_.count, .count = process_.count * threads};
    const auto where = i == 0 ? Seat::Where::callers_loop : Seat::Where::own_thread;
    seats_.push_back(std::make_unique<Seat>(*this, slice, where));
  }
  for (const auto& seat : seats_) seat->start();
  if (process_.count == 1) return;
  std::vector<SenderClock> clocks(process_.count);
  clocks[process_.index] = {.known = true, .is_ours = true};
  set_clocks(clocks);
}

void LoadRun::worker_connected() {
  if (++connected_ < seats_.size() || phase_ != Phase::connecting) return;
  const bool anybody = std::ranges::any_of(seats_, [](const auto& seat) { return seat->anybody; });
  if (!anybody) return close_all();
  if (loop_.refresh_now() >= begin_at_) return begin_running();
  begin_timer_.arm(begin_at_);
}

void LoadRun::begin_running() {
  phase_ = Phase::running;
  std::set<std::pair<std::uint32_t, std::uint32_t>> absent;
  for (const auto& seat : seats_) absent.insert(seat->absent.begin(), seat->absent.end());
  audience_ =
      Audience{scenario_, [&](std::uint32_t group, std::uint32_t number) { return !absent.contains({group, number}); }};
  const TimePoint began = loop_.refresh_now();
  each_worker([this, began](Worker& worker) { worker.run(audience_, curve_, began); });
  listener_.on_running();
}

// --- while it runs ---------------------------------------------------------------------------------------------------

void LoadRun::worker_interval(std::size_t index, const LoadInterval& interval) {
  Gathered& gathered = gathering_[index];
  if (gathered.parts++ == 0) {
    gathered.interval = interval;
  } else {
    gathered.interval.add(interval);
  }
  emit_intervals(seats_.size());
}

void LoadRun::emit_intervals(std::size_t least_parts) {
  while (!gathering_.empty() && gathering_.begin()->second.parts >= least_parts) {
    listener_.on_interval(gathering_.begin()->second.interval);
    gathering_.erase(gathering_.begin());
  }
}

void LoadRun::worker_sent() {
  ++sent_;
  if (phase_ == Phase::running && sent_ < seats_.size()) {
    // Those who have nothing to send go on receiving until all others are through.
    const bool all =
        std::ranges::all_of(seats_, [](const auto& seat) { return seat->has_sent || !seat->has_publishers; });
    if (all && scenario_.publishers() > 0) each_worker([](Worker& worker) { worker.end_sending(); });
    return;
  }
  if (phase_ != Phase::running) return;
  phase_ = Phase::draining;
  drain_until_ = loop_.time_after(scenario_.drain);
  drain_timer_.arm(drain_until_);
}

void LoadRun::worker_drains() {
  if (phase_ != Phase::draining) return;
  std::uint64_t expected = 0;
  std::uint64_t arrived = 0;
  for (const auto& seat : seats_) {
    if (!seat->drain.settled) return;
    expected += seat->drain.expected;
    arrived += seat->drain.arrived;
  }
  if (scenario_.publishers() > 0 && arrived < expected) return;
  if (process_.count == 1) return close_all();
  if (!std::exchange(lingers_, true)) drain_timer_.arm(std::min(drain_until_, loop_.time_after(lingering)));
}

void LoadRun::set_clocks(const std::vector<SenderClock>& clocks) {
  if (phase_ != Phase::done) each_worker([clocks](Worker& worker) { worker.set_clocks(clocks); });
}

void LoadRun::end_early() {
  result_.ended_early = true;
  if (phase_ != Phase::running) return close_all();
  each_worker([](Worker& worker) { worker.end_sending(); });
}

// --- ending ----------------------------------------------------------------------------------------------------------

void LoadRun::close_all() {
  if (phase_ >= Phase::closing) return;
  phase_ = Phase::closing;
  begin_timer_.cancel();
  drain_timer_.cancel();
  each_worker([](Worker& worker) { worker.close(); });
}

void LoadRun::worker_done() {
  if (++done_ == seats_.size()) finish();
}

void LoadRun::finish() {
  phase_ = Phase::done;
  emit_intervals(1);
  for (const auto& seat : seats_) result_.add_parallel(*seat->result, Duration{0});
  result_.main_latency = scenario_.main_latency();
  count_copies();
  result_.leave_out_uncertain();
  listener_.on_done();
}

// What should have come of each publisher's messages against what came, whoever received it.
void LoadRun::count_copies() {
  std::vector<std::uint64_t> expected(scenario_.publishers());
  std::vector<std::uint64_t> arrived(scenario_.publishers());
  for (const auto& seat : seats_) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] += seat->expected[i];
      arrived[i] += seat->arrived[i];
    }
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    result_.counts.expected += expected[i];
    result_.counts.arrived += arrived[i];
    // What other processes should have received, or have sent, only the sum of all can tell.
    if (process_.count == 1) result_.counts.lost += expected[i] - std::min(expected[i], arrived[i]);
  }
}

}  // namespace mqtk
