#include "capture/packet_stream.hpp"

#include <algorithm>

#include "codec/frame.hpp"

namespace mqtk {
namespace {

constexpr std::size_t trial_bytes = 64U * 1024;
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

}  // namespace

PacketStream::PacketStream(Options options) : options_(options) {
  if (options_.version) {
    version_ = *options_.version;
    source_ = VersionSource::asked;
  }
}

std::vector<std::uint8_t>& PacketStream::feed_buffer() {
  if (unreadable_) at_ = buffer_.size();
  if (at_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    base_ += at_;
    at_ = 0;
  }
  return buffer_;
}

std::uint64_t PacketStream::unread_bytes() const { return unreadable_ ? base_ + buffer_.size() - unread_from_ : 0; }

std::optional<PacketStream::Item> PacketStream::next() {
  if (unreadable_ || ahead().empty() || !settle_version()) return std::nullopt;
  const Frame frame = find_frame(ahead());
  Item item;
  item.offset = base_ + at_;
  item.type = frame.type;
  item.version = version_;
  item.sender = options_.sender == Role::unknown ? sender_of(frame.type, version_) : options_.sender;
  if (frame.state != Frame::State::complete) return last_item(item, frame);
  item.bytes = ahead().first(frame.packet_size);
  at_ += frame.packet_size;
  if (item.type == PacketType::connect) learn_version(item);
  return item;
}

std::optional<PacketStream::Item> PacketStream::last_item(Item item, const Frame& frame) {
  if (frame.state == Frame::State::fault) {
    item.state = Item::State::unreadable;
    item.bytes = ahead().first(std::min<std::size_t>(ahead().size(), 5));
    unreadable_ = true;
    unread_from_ = item.offset + item.bytes.size();
    return item;
  }
  if (!finished_) return std::nullopt;
  item.state = Item::State::incomplete;
  item.bytes = ahead();
  const bool size_known = frame.state == Frame::State::need_body;
  item.missing_bytes = size_known ? frame.packet_size - static_cast<std::uint32_t>(item.bytes.size()) : 1;
  at_ = buffer_.size();
  return item;
}

bool PacketStream::settle_version() {
  if (source_ != VersionSource::open) return true;
  const Frame first = find_frame(ahead());
  if (first.type == PacketType::connect) return true;
  const bool enough = ahead().size() >= trial_bytes && first.state != Frame::State::need_body;
  if (!finished_ && !enough) return false;
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
void PacketStream::learn_version(Item& connect) {
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
