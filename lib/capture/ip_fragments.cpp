#include "capture/ip_fragments.hpp"

#include <algorithm>

namespace mqtk {
namespace {

constexpr std::size_t max_packet_bytes = 65535;
constexpr std::size_t fragment_overhead_bytes = 112;

}  // namespace

std::optional<Segment> IpFragments::take(const Segment& fragment) {
  const std::size_t end = fragment.fragment_offset + fragment.payload.size();
  ++waiting_;
  // Cut by the capture, or longer than a packet can be: it never becomes whole.
  if (fragment.cut_bytes > 0 || fragment.payload.empty() || end > max_packet_bytes) {
    --waiting_;
    ++given_up_;
    return std::nullopt;
  }
  const Key key{fragment.source, fragment.destination, fragment.fragment_id, fragment.protocol};
  const auto entry = partial_.try_emplace(key).first;
  Partial& partial = entry->second;
  if (partial.number == 0) partial.number = ++begun_;
  ++partial.fragments;
  if (!fragment.more_fragments) partial.size = static_cast<std::uint32_t>(end);
  const auto [place, is_new] = partial.parts.try_emplace(fragment.fragment_offset);
  std::vector<std::uint8_t>& part = place->second;
  if (part.size() < fragment.payload.size()) {
    const std::size_t more = fragment.payload.size() - part.size() + (is_new ? fragment_overhead_bytes : 0);
    bytes_ += more;
    partial.bytes += more;
    part.assign(fragment.payload.begin(), fragment.payload.end());
  }
  if (is_whole(partial)) {
    whole_.assign(*partial.size, 0);
    for (const auto& [offset, bytes] : partial.parts) {
      if (offset >= whole_.size()) break;
      const std::size_t count = std::min(bytes.size(), whole_.size() - offset);
      std::copy_n(bytes.begin(), count, whole_.begin() + offset);
    }
    forget(entry);
    Segment segment;
    segment.source = fragment.source;
    segment.destination = fragment.destination;
    read_ip_payload(segment, fragment.protocol, whole_, whole_.size());
    return segment;
  }
  while (partial_.size() > max_packets || bytes_ > max_bytes) give_up_oldest();
  return std::nullopt;
}

bool IpFragments::is_whole(const Partial& partial) const {
  if (!partial.size) return false;
  std::size_t reached = 0;
  for (const auto& [offset, bytes] : partial.parts) {
    if (offset > reached) return false;
    reached = std::max(reached, offset + bytes.size());
  }
  return reached >= *partial.size;
}

void IpFragments::give_up_oldest() {
  const auto oldest = std::ranges::min_element(partial_, {}, [](const auto& entry) { return entry.second.number; });
  given_up_ += oldest->second.fragments;
  forget(oldest);
}

void IpFragments::forget(std::map<Key, Partial>::iterator entry) {
  waiting_ -= entry->second.fragments;
  bytes_ -= entry->second.bytes;
  partial_.erase(entry);
}

}  // namespace mqtk
