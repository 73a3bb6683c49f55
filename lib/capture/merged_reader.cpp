#include "capture/merged_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mqtk {

MergedReader::MergedReader(std::vector<NamedReader> readers) {
  for (NamedReader& reader : readers) heads_.push_back({.from = std::move(reader), .message = {}});
}

void MergedReader::want(const TimeRange& range) {
  for (Head& head : heads_) head.from.reader->want(range);
}

bool MergedReader::earlier(std::size_t a, std::size_t b) const {
  const WallTime first = heads_[a].message.time.value_or(WallTime::min());
  const WallTime second = heads_[b].message.time.value_or(WallTime::min());
  return first != second ? first < second : a < b;
}

RecordingReader::State MergedReader::damaged_head() {
  const NamedReader& from = heads_[source_].from;
  const std::string& problem = from.reader->problem();
  return damaged(from.name.empty() ? problem : fmt::format("{}: {}", from.name, problem));
}

RecordingReader::State MergedReader::next(MessageRecord& message) {
  if (heads_.size() == 1) {
    const State state = heads_[0].from.reader->next(message);
    return state == State::damaged ? damaged_head() : state;
  }
  const auto later = [this](std::size_t a, std::size_t b) { return earlier(b, a); };
  // The head that was handed out last, at the start each, is read on before any is compared.
  const auto read = [&](std::size_t index) {
    Head& head = heads_[index];
    head.state = head.from.reader->next(head.message);
    head.read = true;
    if (head.state != State::message) return;
    heap_.push_back(index);
    std::ranges::push_heap(heap_, later);
  };
  if (due_) {
    due_ = false;
    read(source_);
  }
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (!heads_[i].read) read(i);
    if (heads_[i].state != State::damaged) continue;
    heads_[i].read = false;
    source_ = i;
    return damaged_head();
  }
  if (heap_.empty()) return State::end;
  std::ranges::pop_heap(heap_, later);
  source_ = heap_.back();
  heap_.pop_back();
  message = heads_[source_].message;
  due_ = true;
  return State::message;
}

}  // namespace mqtk
