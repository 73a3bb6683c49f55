#include "net/loop.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "net/readiness.hpp"
#include "net/timer.hpp"
#include "net/wakeup.hpp"

namespace mqtk {
namespace {

std::unique_ptr<Readiness> make_readiness(LoopOptions::Waiting waiting) {
  if (waiting == LoopOptions::Waiting::fastest) {
    if (auto readiness = make_epoll_readiness()) return readiness;
  }
  return make_poll_readiness();
}

}  // namespace

struct Loop::Parts final : Watched {
  explicit Parts(const LoopOptions& options)
      : readiness(make_readiness(options.waiting)), scratch(options.receive_scratch_bytes) {
    // Without these nothing can run, and there is nobody to tell yet.
    if (!wakeup.is_open() || readiness->watch(wakeup.reading_end(), {.read = true}, *this)) std::abort();
  }
  ~Parts() { readiness->forget(wakeup.reading_end(), *this); }

  void on_fd_readable() override {
    wakeup.settle();
    {
      const std::lock_guard lock(mutex);
      woken = false;
      work.swap(posted);
    }
    for (const auto& job : work) job();
    work.clear();
  }
  void on_fd_writable() override {}

  void wake() {
    const std::lock_guard lock(mutex);
    if (!std::exchange(woken, true)) wakeup.wake();
  }

  std::unique_ptr<Readiness> readiness;
  TimerQueue timers;
  ReceiveScratch scratch;
  Wakeup wakeup;

  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  bool woken = false;                         // guarded by mutex: the wakeup holds a byte
  std::vector<std::function<void()>> work;
  std::atomic<bool> stopping = false;

  std::vector<TurnEndListener*> marked;  // null: unmarked again
  std::size_t next_mark = 0;             // while a turn ends: the first that is not called yet
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
  if (const TimePoint* due = parts_->timers.next()) {
    const Duration until_due = std::max(*due - refresh_now(), Duration{0});
    max_wait = max_wait ? std::min(*max_wait, until_due) : until_due;
  }
  if (!parts_->marked.empty() || !parts_->evicted.empty()) max_wait = Duration{0};
  parts_->readiness->wait(max_wait);
  refresh_now();
  parts_->readiness->dispatch();
  parts_->timers.expire(now_);
  end_turn();
}

void Loop::stop() {
  parts_->stopping = true;
  parts_->wake();
}

void Loop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->posted.push_back(std::move(work));
  }
  parts_->wake();
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

TimerQueue& Loop::timers() { return parts_->timers; }

}  // namespace mqtk
