#include "capture/packet_stream.hpp"

#include <algorithm>
#include <utility>

#include "capture/packet_search.hpp"
#include "codec/frame.hpp"

namespace mqtk {
namespace {

constexpr Version candidates[] = {Version::v5, Version::v3_1_1, Version::v3_1};

// The only side that sends such packets; unknown if both do.
Role sender_of(PacketType type, Version version) {
  switch (type) {
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq: return Role::client;
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp: return Role::server;
    case PacketType::disconnect: return version == Version::v5 ? Role::unknown : Role::client;
    default: return Role::unknown;
  }
}

// Whether only the first byte of a packet is wrong, so that its length is no accident. Two bytes say too little.
bool body_fits(Bytes packet, CodecContext context) {
  if (packet.size() < 4 || packet_type_name(static_cast<PacketType>(packet[0] >> 4U)) == "RESERVED") return false;
  const Annotated notes = annotate(packet, context);
  return std::ranges::all_of(notes.problems, [](const Problem& problem) { return problem.fault.offset == 0; });
}

}  // namespace

PacketStream::PacketStream(Options options) : options_(options), searching_(!options.in_sync) {
  if (options_.version) {
    version_ = *options_.version;
    source_ = VersionSource::asked;
  }
}

std::vector<std::uint8_t>& PacketStream::feed_buffer() {
  keep();
  if (at_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    base_ += at_;
    at_ = 0;
  }
  base_ += std::exchange(lost_, 0);
  return buffer_;
}

void PacketStream::lend(Bytes bytes) {
  feed_buffer().clear();
  lent_ = bytes;
}

void PacketStream::keep() {
  if (!lent_) return;
  const Bytes rest = ahead();
  buffer_.assign(rest.begin(), rest.end());
  lent_.reset();
  base_ += std::exchange(at_, 0);
}

void PacketStream::release() {
  static_cast<void>(feed_buffer());
  buffer_.shrink_to_fit();
  giving_up_ = false;
}

void PacketStream::learn_version(Version version) {
  if (source_ == VersionSource::asked || source_ == VersionSource::connect) return;
  version_ = version;
  source_ = VersionSource::connect;
}

// A packet whose length is known is left out to its end, and the stream stays in step. Otherwise packets may be
// missing, and where the next one starts must be found.
void PacketStream::lose(std::uint64_t count) {
  if (count == 0) return;
  if (source_ == VersionSource::open && !ahead().empty()) try_versions();
  lost_ += count;
  const Frame frame = find_frame(ahead());
  if (damaged_left_ > 0) {
    searching_ = count > damaged_left_;
    damaged_left_ -= std::min(count, damaged_left_);
  } else if (searching_) {
    skipped_ += ahead().size();
    at_ = data().size();
  } else if (frame.state == Frame::State::need_body) {
    const std::uint64_t left = frame.packet_size - ahead().size();
    missing_ = static_cast<std::uint32_t>(std::min(count, left));
    damaged_left_ = left - missing_;
    searching_ = count > left;
  } else {
    missing_ = ahead().empty() ? 0 : 1;
    searching_ = true;
  }
}

std::optional<PacketStream::Item> PacketStream::next() {
  std::optional<Item> item{std::in_place};
  if (!next(*item)) item.reset();
  return item;
}

void PacketStream::describe(Item& item, PacketType type) const {
  item.offset = base_ + at_;
  item.type = type;
  item.version = version_;
  item.sender = options_.sender == Role::unknown ? sender_of(type, version_) : options_.sender;
}

bool PacketStream::next(Item& item) {
  item = {};
  if (missing_ > 0) {
    item.state = Item::State::incomplete;
    describe(item, static_cast<PacketType>(ahead()[0] >> 4U));
    item.bytes = ahead();
    item.missing_bytes = std::exchange(missing_, 0);
    at_ = data().size();
    return true;
  }
  if (damaged_left_ > 0) {
    const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(damaged_left_, ahead().size()));
    at_ += left;
    damaged_left_ -= left;
  }
  if (searching_) {
    if (search(item)) return true;
    if (searching_) return false;
  }
  if (ahead().empty() || !settle_version()) return false;
  const Frame frame = find_frame(ahead());
  describe(item, frame.type);
  bool wait = false;
  if (is_noise(frame, wait)) {
    make_unreadable(item);
    return true;
  }
  if (wait) return false;
  const bool is_too_long = frame.packet_size > max_kept_bytes && ahead().size() >= options_.trial_bytes;
  if (frame.state == Frame::State::need_body && (is_too_long || giving_up_) && !finished_) {
    cut(item, frame);
    return true;
  }
  if (frame.state != Frame::State::complete) return last_item(item, frame);
  item.bytes = ahead().first(frame.packet_size);
  at_ += frame.packet_size;
  if (item.type == PacketType::connect) learn_from_connect(item);
  return true;
}

// A header with a wrong type or wrong flags is taken for a packet only if another packet follows it, or if nothing has
// come after it and the rest of it is in order: its length may be as wrong. One that claims to be very long must look
// right.
bool PacketStream::is_noise(const Frame& frame, bool& wait) const {
  constexpr std::size_t long_packet = 1024U * 1024;
  constexpr std::size_t searched_bytes = 64U * 1024;
  const bool has_header = frame.state == Frame::State::complete || frame.state == Frame::State::need_body;
  if (!has_header) return false;
  const SearchContext context{version_, must_decide()};
  // Only a PUBLISH can be that long.
  if (frame.type != PacketType::publish && frame.packet_size > long_packet && !finished_) return true;
  const bool looks_right = header_may_start(ahead(), context) != Plausible::no;
  if (looks_right || frame.type == PacketType::connect) return false;
  if (frame.state != Frame::State::complete) {
    if (!finished_) return frame.packet_size > long_packet;
    // At the end of the input half a packet is shown for what it is, unless whole ones stand in it.
    for (std::size_t at = 1; at < std::min(ahead().size(), searched_bytes); ++at) {
      if (packet_may_start(ahead().subspan(at), context) == Plausible::yes) return true;
    }
    return false;
  }
  const Bytes behind = ahead().subspan(frame.packet_size);
  if (behind.empty()) {
    wait = !must_decide() && !body_fits(ahead(), {version_, options_.sender});
    return false;
  }
  const Frame next = find_frame(behind);
  const bool broken_packet_follows = next.state == Frame::State::complete && packet_type_name(next.type) != "RESERVED";
  return !broken_packet_follows && header_may_start(behind, context) == Plausible::no;
}

// What is still to come of it is passed over.
void PacketStream::cut(Item& item, const Frame& frame) {
  item.state = Item::State::incomplete;
  item.left_out = true;
  item.bytes = ahead();
  item.missing_bytes = frame.packet_size - static_cast<std::uint32_t>(item.bytes.size());
  damaged_left_ = item.missing_bytes;
  at_ = data().size();
}

void PacketStream::make_unreadable(Item& item) {
  item.state = Item::State::unreadable;
  item.bytes = ahead().first(std::min<std::size_t>(ahead().size(), 5));
  at_ += item.bytes.size();
  searching_ = true;
}

// Passes over what cannot start a packet. Tells of it once a packet is found or the input has ended.
bool PacketStream::search(Item& item) {
  const SearchContext context{source_ == VersionSource::open ? std::nullopt : std::optional{version_}, must_decide()};
  bool found = false;
  while (!ahead().empty()) {
    const Plausible plausible = packet_may_start(ahead(), context);
    if (plausible == Plausible::open && !must_decide()) return false;
    found = plausible == Plausible::yes;
    if (found) break;
    ++at_;
    ++skipped_;
  }
  if (!found && !finished_) return false;
  searching_ = false;
  if (skipped_ == 0) return false;
  item.state = Item::State::skipped;
  item.skipped_bytes = std::exchange(skipped_, 0);
  item.offset = base_ + at_ - item.skipped_bytes;
  item.version = version_;
  item.sender = options_.sender;
  return true;
}

bool PacketStream::last_item(Item& item, const Frame& frame) {
  if (frame.state == Frame::State::fault) {
    make_unreadable(item);
    return true;
  }
  if (!finished_) return false;
  item.state = Item::State::incomplete;
  item.bytes = ahead();
  const bool size_known = frame.state == Frame::State::need_body;
  item.missing_bytes = size_known ? frame.packet_size - static_cast<std::uint32_t>(item.bytes.size()) : 1;
  at_ = data().size();
  return true;
}

bool PacketStream::settle_version() {
  if (source_ != VersionSource::open) return true;
  const Frame first = find_frame(ahead());
  if (first.type == PacketType::connect) return true;
  const bool enough = ahead().size() >= options_.trial_bytes && first.state != Frame::State::need_body;
  if (!must_decide() && !enough) return false;
  try_versions();
  return true;
}

void PacketStream::try_versions() {
  for (const Version version : candidates) trials_.push_back({version, 0});
  Bytes rest = ahead();
  Packet packet;
  while (true) {
    const Frame frame = find_frame(rest);
    if (frame.state != Frame::State::complete || frame.type == PacketType::connect) break;
    const Bytes bytes = rest.first(frame.packet_size);
    if (frame.type != PacketType::pingreq && frame.type != PacketType::pingresp) trial_was_idle_ = false;
    for (Trial& trial : trials_) {
      if (decode(bytes, {trial.version, options_.sender}, packet)) ++trial.faults;
    }
    rest = rest.subspan(bytes.size());
  }
  const auto fewer = [](const Trial& a, const Trial& b) { return a.faults < b.faults; };
  version_ = std::min_element(trials_.begin(), trials_.end(), fewer)->version;
  source_ = VersionSource::tried;
}

// The version counts from here on, unless the caller has named one; then only for the CONNECT itself.
void PacketStream::learn_from_connect(Item& connect) {
  const auto version = version_of_connect(annotate(connect.bytes, {version_, connect.sender}));
  if (!version) return;
  connect.version = *version;
  if (source_ == VersionSource::asked) return;
  version_ = *version;
  source_ = VersionSource::connect;
}

std::optional<Version> version_of_connect(const Annotated& notes) {
  const auto* packet = std::get_if<Connect>(&notes.packet);
  const bool reached =
      std::ranges::any_of(notes.annotations, [](const Annotation& note) { return note.name == "Protocol Version"; });
  const bool refused = std::ranges::any_of(notes.problems, [](const Problem& problem) {
    return problem.fault.rule == Rule::protocol_name_wrong || problem.fault.rule == Rule::protocol_version_unsupported;
  });
  if (packet == nullptr || !reached || refused) return std::nullopt;
  return packet->version;
}

namespace {

// Rules that a packet breaks only because its end is missing.
bool made_by_cut(Rule rule) {
  switch (rule) {
    case Rule::packet_too_short:
    case Rule::property_length_missing:
    case Rule::property_length_too_long:
    case Rule::property_truncated:
    case Rule::client_identifier_missing:
    case Rule::will_missing:
    case Rule::user_name_missing:
    case Rule::password_missing:
    case Rule::subscribe_without_filter:
    case Rule::unsubscribe_without_filter:
    case Rule::suback_without_reason_code:
    case Rule::unsuback_without_reason_code:
    case Rule::authentication_data_without_method:
    case Rule::auth_without_method:
    case Rule::payload_not_utf8: return true;
    default: return false;
  }
}

}  // namespace

Annotated annotate_incomplete(Bytes bytes, CodecContext context, std::vector<std::uint8_t>& copy) {
  copy.assign(bytes.begin(), bytes.end());
  const Frame frame = find_frame(bytes);
  if (frame.state == Frame::State::need_body) {
    // The codec reads whole packets, so the copy claims to be one: same number of length bytes, length as it is.
    std::size_t left = bytes.size() - frame.header_size;
    for (std::size_t i = 1; i < frame.header_size; ++i, left >>= 7U) {
      const unsigned more = i + 1 < frame.header_size ? 0x80U : 0U;
      copy[i] = static_cast<std::uint8_t>((left & 0x7FU) | more);
    }
  }
  Annotated notes = annotate(copy, context);
  std::erase_if(notes.problems, [&](const Problem& problem) {
    const Fault fault = problem.fault;
    return made_by_cut(fault.rule) ||
           (fault.rule == Rule::integer_not_shortest && fault.offset == 1 && frame.shortest_form);
  });
  for (Annotation& note : notes.annotations) {
    if (note.name == "Remaining Length") note.value = std::to_string(frame.packet_size - frame.header_size);
  }
  notes.decoded = false;
  return notes;
}

}  // namespace mqtk
