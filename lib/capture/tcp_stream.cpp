#include "capture/tcp_stream.hpp"

#include <algorithm>

namespace mqtk {
namespace {

// Positions start here, so that a sequence number from before the first is not below zero.
constexpr std::uint64_t first_round = std::uint64_t{1} << 32U;

// More than this is never in flight; an acknowledgement from further on is damaged.
constexpr std::uint64_t max_gap = 64U * 1024 * 1024;

}  // namespace

std::uint64_t TcpStream::position(std::uint32_t sequence) const {
  const auto distance = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(next_));
  return next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

void TcpStream::start(std::uint32_t sequence) {
  started_ = true;
  next_ = acknowledged_ = first_round + sequence;
}

void TcpStream::take(const Segment& segment, std::optional<WallTime> time, TcpStreamListener& listener) {
  const std::uint32_t sequence = segment.syn ? segment.sequence + 1 : segment.sequence;
  if (segment.syn && !started_) start(sequence);
  if (!started_) {
    if (segment.payload.empty() && !segment.fin) return;
    start(sequence);
  }
  const std::uint64_t at = position(sequence);
  const std::uint64_t end = at + segment.payload.size() + segment.cut_bytes;
  if (segment.fin && !fin_) fin_ = end;
  if ((segment.fin || segment.reset) && !counts_.closed) counts_.closed = time;
  if (segment.payload.empty() && segment.cut_bytes == 0) return;
  ++counts_.segments;
  if (end <= next_) {
    const bool is_keep_alive_probe = segment.payload.size() == 1 && end == next_;
    if (!is_keep_alive_probe) ++counts_.retransmitted;
    return;
  }
  if (at <= next_) {
    hand_out(at, segment.payload, segment.cut_bytes, time, listener);
    hand_out_held(listener);
    return;
  }
  ++counts_.out_of_order;
  Held& held = held_[at];
  if (held.bytes.size() < segment.payload.size()) {
    held_bytes_ += segment.payload.size() - held.bytes.size();
    held.bytes.assign(segment.payload.begin(), segment.payload.end());
    held.cut_bytes = segment.cut_bytes;
    held.time = time;
  }
  const bool is_certain = acknowledged_ >= held_.begin()->first;
  if (is_certain || held_.size() > max_held_segments || held_bytes_ > max_held_bytes) skip_gap(time, listener);
}

void TcpStream::acknowledged(std::uint32_t acknowledgement, bool answers, std::optional<WallTime> time,
                             TcpStreamListener& listener) {
  if (!started_) return;
  const std::uint64_t at = position(acknowledgement);
  if (at > next_ + max_gap) return;
  acknowledged_ = std::max(acknowledged_, at);
  if (!held_.empty() && acknowledged_ >= held_.begin()->first) {
    skip_gap(time, listener);
  } else if (answers && held_.empty() && acknowledged_ > next_ + 1) {
    // One more may be a FIN that was not captured.
    tell_missing(std::min(acknowledged_, fin_.value_or(acknowledged_)), time, listener);
  }
}

void TcpStream::finish(std::optional<WallTime> time, TcpStreamListener& listener) {
  while (!held_.empty()) skip_gap(time, listener);
  // FIN takes a sequence number of its own, so one that was not captured looks like a missing byte.
  if (started_ && !fin_ && acknowledged_ > next_ + 1) tell_missing(acknowledged_, time, listener);
  if (fin_ && *fin_ > next_) tell_missing(*fin_, time, listener);
}

void TcpStream::skip_gap(std::optional<WallTime> time, TcpStreamListener& listener) {
  if (held_.empty()) return;
  tell_missing(held_.begin()->first, time, listener);
  hand_out_held(listener);
}

void TcpStream::tell_missing(std::uint64_t until, std::optional<WallTime> time, TcpStreamListener& listener) {
  if (until <= next_) return;
  const std::uint64_t count = until - next_;
  next_ = until;
  counts_.missing_bytes += count;
  listener.missing(count, time);
}

void TcpStream::hand_out(std::uint64_t at, Bytes bytes, std::uint32_t cut_bytes, std::optional<WallTime> time,
                         TcpStreamListener& listener) {
  const std::uint64_t known = next_ - at;  // of it, from earlier segments
  if (known < bytes.size()) {
    bytes = bytes.subspan(static_cast<std::size_t>(known));
    next_ += bytes.size();
    listener.received(bytes, time);
  }
  if (cut_bytes > 0) tell_missing(next_ + cut_bytes, time, listener);
}

void TcpStream::hand_out_held(TcpStreamListener& listener) {
  while (!held_.empty() && held_.begin()->first <= next_) {
    const auto first = held_.begin();
    const std::uint64_t at = first->first;
    const Held held = std::move(first->second);
    held_bytes_ -= held.bytes.size();
    held_.erase(first);
    if (at + held.bytes.size() + held.cut_bytes > next_) hand_out(at, held.bytes, held.cut_bytes, held.time, listener);
  }
}

}  // namespace mqtk
