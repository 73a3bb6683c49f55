#include "load/delivery_check.hpp"

#include <algorithm>

namespace mqtk {

DeliveryCheck::Stream& DeliveryCheck::at(std::uint32_t stream, std::uint32_t sequence) {
  if (latest_ != nullptr && latest_number_ == stream) return *latest_;
  const auto [found, is_new] = streams_.try_emplace(stream);
  if (is_new && begins_ == Begins::at_first_message) found->second.next = found->second.decided_from = sequence;
  latest_ = &found->second;  // stays where it is when the map grows
  latest_number_ = stream;
  return *latest_;
}

DeliveryCheck::Verdict DeliveryCheck::received(std::uint32_t number, std::uint32_t sequence) {
  Stream& stream = at(number, sequence);
  if (sequence < stream.next) return received_late(stream, sequence);
  if (sequence > stream.next) add_gap(stream, static_cast<std::uint32_t>(stream.next), sequence - 1);
  stream.next = std::uint64_t{sequence} + 1;
  ++stream.distinct;
  return Verdict::in_order;
}

void DeliveryCheck::add_gap(Stream& stream, std::uint32_t first, std::uint32_t last) {
  stream.missing += std::uint64_t{last} - first + 1;
  stream.gaps.push_back({first, last});
  bound(stream);
}

void DeliveryCheck::bound(Stream& stream) {
  if (stream.gaps.size() <= most_gaps) return;
  stream.decided_from = std::uint64_t{stream.gaps.front().last} + 1;
  stream.gaps.erase(stream.gaps.begin());
}

DeliveryCheck::Verdict DeliveryCheck::received_late(Stream& stream, std::uint32_t sequence) {
  if (sequence < stream.decided_from) return Verdict::undecided;
  auto gap = std::ranges::lower_bound(stream.gaps, sequence, {}, &Gap::last);
  if (gap == stream.gaps.end() || gap->first > sequence) return Verdict::duplicated;
  --stream.missing;
  ++stream.distinct;
  if (gap->first == gap->last) {
    stream.gaps.erase(gap);
  } else if (gap->first == sequence) {
    ++gap->first;
  } else if (gap->last == sequence) {
    --gap->last;
  } else {
    const Gap rest{sequence + 1, gap->last};
    gap->last = sequence - 1;
    stream.gaps.insert(gap + 1, rest);
    bound(stream);
  }
  return Verdict::reordered;
}

std::uint64_t DeliveryCheck::distinct(std::uint32_t stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.distinct;
}

std::uint64_t DeliveryCheck::missing() const {
  std::uint64_t missing = 0;
  for (const auto& [number, stream] : streams_) missing += stream.missing;
  return missing;
}

}  // namespace mqtk
