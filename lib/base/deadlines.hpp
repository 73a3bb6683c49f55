// When timers, connections and Sessions want to be called: a binary heap of due times.
//
// Moving a deadline later is one store, so it may move with every packet; it is looked at again when its old time
// comes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace mqtk {

class Timed {
 public:
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  virtual ~Timed() = default;  // after Deadlines::clear
  // May destroy this object.
  virtual void on_deadline(TimePoint now) = 0;

 protected:
  [[nodiscard]] bool is_set() const { return index_ != not_queued; }

 private:
  friend class Deadlines;
  static constexpr std::uint32_t not_queued = UINT32_MAX;
  TimePoint due_{};
  std::uint32_t index_ = not_queued;
};

class Deadlines {
 public:
  void set(Timed& timed, TimePoint due);
  // Only if it is not set or set for later.
  void set_earlier(Timed& timed, TimePoint due);
  void clear(Timed& timed);

  // When to call expire() next: maybe too early, never too late.
  [[nodiscard]] std::optional<TimePoint> next() const;

  // Calls whoever is due, each at most once, in the order of their times.
  void expire(TimePoint now);

 private:
  struct Entry {
    TimePoint when;  // not later than timed->due_
    Timed* timed;
  };
  void put(std::size_t index, Entry entry);
  void rise(std::size_t index, Entry entry);
  void sink(std::size_t index, Entry entry);
  void remove(std::size_t index);

  std::vector<Entry> heap_;
  TimePoint expiring_ = TimePoint::min();  // while expire() runs: what is set now waits for the next call
};

}  // namespace mqtk
