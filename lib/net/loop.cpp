#include "net/loop.hpp"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/deadlines.hpp"
#include "net/readiness.hpp"

namespace mqtk {

struct Loop::Parts {
  explicit Parts(const LoopOptions& options)
      : work_guard(context.get_executor()), alarm(context), scratch(options.receive_scratch_bytes) {
    const auto wake = [this] { woken = true; };
    if (options.waiting == LoopOptions::Waiting::fastest) readiness = make_epoll_readiness(context, wake);
    if (readiness == nullptr) readiness = make_portable_readiness(context, wake);
  }

  // Until something is ready, posted or due; at most until `limit`.
  void sleep(std::optional<TimePoint> limit) {
    if (limit && limit != alarm_time) {
      alarm_time = limit;
      alarm.expires_at(*limit);
      alarm.async_wait([this](std::error_code error) {
        if (error) return;  // set to another time meanwhile
        alarm_time.reset();
        woken = true;
      });
    }
    while (!woken) context.run_one();
    if (!posted.empty()) context.poll();  // what was posted behind it belongs to the same turn
  }

  asio::io_context context{1};  // one thread runs it; others only post
  asio::executor_work_guard<asio::io_context::executor_type> work_guard;
  asio::steady_timer alarm;
  std::optional<TimePoint> alarm_time;  // what `alarm` is set to
  bool woken = false;
  std::unique_ptr<Readiness> readiness;
  Deadlines timers;
  ReceiveScratch scratch;
  std::vector<std::function<void()>> posted;  // arrived in the context, to be run in this turn
  std::atomic<bool> stopping = false;

  std::vector<TurnEndListener*> marked;  // null: unmarked again
  std::vector<std::unique_ptr<LoopTenant>> tenants;
  std::vector<std::unique_ptr<LoopTenant>> evicted;
};

TurnEndListener::~TurnEndListener() {
  if (marked_in_ != nullptr) marked_in_->unmark(*this);
}

Loop::Loop(const LoopOptions& options) : parts_(std::make_unique<Parts>(options)) { refresh_now(); }

Loop::~Loop() {
  // Here, where they can still reach the loop's parts.
  while (!parts_->tenants.empty()) evict(*parts_->tenants.back());
  destroy_evicted();
}

TimePoint Loop::refresh_now() { return now_ = std::chrono::steady_clock::now(); }

WallTime Loop::wall_now() const { return std::chrono::system_clock::now(); }

void Loop::run() {
  while (!parts_->stopping.exchange(false)) run_turn(std::nullopt);
}

void Loop::run_turn(std::optional<Duration> max_wait) {
  Parts& parts = *parts_;
  if (!parts.marked.empty() || !parts.evicted.empty()) max_wait = Duration{0};
  std::optional<TimePoint> limit;
  const std::optional<TimePoint> due = parts.timers.next();
  if (max_wait || due) refresh_now();
  if (max_wait) limit = time_after(*max_wait);
  if (due) limit = limit ? std::min(*limit, *due) : *due;

  parts.woken = false;
  const bool ready = parts.readiness->collect();
  if (!ready) parts.readiness->arm();
  if (!ready && (!limit || *limit > now_)) {
    parts.sleep(limit);
  } else {
    parts.context.poll();
  }
  if (!ready) parts.readiness->collect();
  refresh_now();
  for (const auto& work : std::exchange(parts.posted, {})) work();
  parts.readiness->dispatch();
  parts.timers.expire(now_);
  end_turn();
}

void Loop::stop() {
  parts_->stopping = true;
  post([] {});
}

void Loop::post(std::function<void()> work) {
  // Run from run_turn, where now() is fresh and the turn's end follows.
  asio::post(parts_->context, [parts = parts_.get(), work = std::move(work)]() mutable {
    parts->posted.push_back(std::move(work));
    parts->woken = true;
  });
}

void Loop::call_at_turn_end(TurnEndListener& listener) {
  if (listener.marked_in_ != nullptr) return;
  listener.marked_in_ = this;
  listener.mark_ = static_cast<std::uint32_t>(parts_->marked.size());
  parts_->marked.push_back(&listener);
}

void Loop::unmark(TurnEndListener& listener) {
  parts_->marked[listener.mark_] = nullptr;
  listener.marked_in_ = nullptr;
}

void Loop::end_turn() {
  auto& marked = parts_->marked;
  // Listeners marked from here on lie behind `count` and wait for the next turn.
  const std::size_t count = marked.size();
  for (std::size_t i = 0; i < count; ++i) {
    TurnEndListener* listener = marked[i];
    if (listener == nullptr) continue;
    unmark(*listener);
    listener->on_turn_end();
  }
  marked.erase(marked.begin(), marked.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] != nullptr) marked[i]->mark_ = static_cast<std::uint32_t>(i);
  }
  destroy_evicted();
}

void Loop::adopt(std::unique_ptr<LoopTenant> tenant) {
  tenant->place_ = parts_->tenants.size();
  parts_->tenants.push_back(std::move(tenant));
}

void Loop::evict(LoopTenant& tenant) {
  const std::size_t place = std::exchange(tenant.place_, LoopTenant::nowhere);
  if (place == LoopTenant::nowhere) return;
  auto& tenants = parts_->tenants;
  parts_->evicted.push_back(std::move(tenants[place]));
  if (place + 1 < tenants.size()) {
    tenants[place] = std::move(tenants.back());
    tenants[place]->place_ = place;
  }
  tenants.pop_back();
}

void Loop::destroy_evicted() {
  // Taken out first: a dying tenant may evict others.
  while (!parts_->evicted.empty()) const auto evicted = std::exchange(parts_->evicted, {});
}

ReceiveScratch& Loop::receive_scratch() { return parts_->scratch; }

Readiness& Loop::readiness() { return *parts_->readiness; }

asio::io_context& Loop::context() { return parts_->context; }

Deadlines& Loop::timers() { return parts_->timers; }

}  // namespace mqtk
