#include "capture/mqtt_connection.hpp"

#include <algorithm>
#include <utility>

#include "capture/packet_search.hpp"

namespace mqtk {
namespace {

constexpr std::size_t max_head_bytes = 4096;  // in which MQTT must be found
constexpr std::size_t telling_bytes = 16;     // enough for any beginning that is looked for
constexpr std::size_t trial_bytes = 512;      // without a CONNECT; packets must not be held back for long

bool is_mqtt_port(std::uint16_t port) { return port == 1883; }

// A CONNECT of any version: its name stands behind one to four bytes of length.
bool starts_with_connect(Bytes head) {
  if (head.empty() || head[0] != 0x10) return false;
  std::size_t at = 1;
  while (at < head.size() && at < 4 && head[at] >= 0x80) ++at;
  const std::string_view rest = as_text(head.subspan(std::min(at + 1, head.size())));
  using namespace std::string_view_literals;
  return rest.starts_with("\0\4MQTT"sv) || rest.starts_with("\0\6MQIsdp"sv);
}

// A handshake, or data where the handshake was not captured.
bool starts_with_tls(Bytes head) {
  return head.size() >= 6 && (head[0] == 0x16 || head[0] == 0x17) && head[1] == 3 && head[2] <= 4;
}

bool holds_websocket(Bytes head) {
  CapturedWebSocket reader{CapturedWebSocket::Start::frames};
  std::vector<std::uint8_t> data;
  reader.take(head, data);
  return reader.fault().empty() && packet_may_start(data, {}) == Plausible::yes;
}

}  // namespace

// What comes before CONNECT is wrong in every version: nothing would be gained by holding it back.
void MqttConnection::settle_as_mqtt() {
  trial_bytes_ = 2;
  settle(Content::mqtt, Side::first, true);
}
MqttConnection::MqttConnection(const ConnectionEnds& ends, std::optional<Version> version, const TlsSecrets* tls)
    : ends_(ends), version_(version), start_seen_(ends.start_seen), trial_bytes_(trial_bytes), secrets_(tls) {}

void MqttConnection::received(Side sender, Bytes bytes, std::optional<WallTime> time) {
  if (SideState& side = state(sender); content_ == Content::mqtt && !tls_ && side.stream->is_idle()) {
    side.stream->lend(bytes);
    mark_time(side, true, time);
  } else if (!tls_) {
    receive_plain(sender, bytes, time);
  } else if (content_ != Content::other && content_ != Content::tls) {
    tls_->take(sender == tls_client_ ? Role::client : Role::server, bytes);
    take_tls_data(time);
  }
}

// What came so far is TLS.
void MqttConnection::begin_tls(Side client) {
  if (secrets_ == nullptr || secrets_->crypto == nullptr || secrets_->log.empty()) {
    content_ = Content::tls;
    sides_ = {};
    return;
  }
  tls_ = std::make_unique<CapturedTls>(secrets_->log, *secrets_->crypto);
  tls_client_ = client;
  std::array<std::vector<std::uint8_t>, 2> heads;
  for (const Side side : {client, other(client)}) {
    std::vector<std::uint8_t>& head = heads[static_cast<std::size_t>(side)];
    head = std::move(state(side).head);
    state(side).head = {};
  }
  for (const Side side : {client, other(client)}) {
    const std::vector<std::uint8_t>& head = heads[static_cast<std::size_t>(side)];
    if (!head.empty()) tls_->take(side == client ? Role::client : Role::server, head);
  }
  take_tls_data(state(client).head_time);
}

void MqttConnection::take_tls_data(std::optional<WallTime> time) {
  for (const Role role : {Role::client, Role::server}) {
    const std::vector<std::uint8_t> data = std::exchange(tls_->data(role), {});
    if (!data.empty()) receive_plain(role == Role::client ? tls_client_ : other(tls_client_), data, time);
  }
  if (!tls_->fault().empty() && content_ == Content::unknown) content_ = Content::tls;
}

void MqttConnection::receive_plain(Side sender, Bytes bytes, std::optional<WallTime> time) {
  if (content_ == Content::other || content_ == Content::tls) return;
  if (content_ != Content::unknown) {
    feed(sender, bytes, time);
    return;
  }
  SideState& side = state(sender);
  side.head.insert(side.head.end(), bytes.begin(), bytes.end());
  side.head_time = time;
  detect(sides_[0].head.size() + sides_[1].head.size() >= max_head_bytes);
}

void MqttConnection::missing(Side sender, std::uint64_t count, std::optional<WallTime> time) {
  if (tls_) {
    tls_->lose();
    if (content_ == Content::unknown) content_ = Content::tls;
    return;
  }
  if (content_ == Content::unknown) {
    start_seen_ = start_seen_ && !state(sender).head.empty();
    detect(true);
  }
  SideState& side = state(sender);
  if (!side.stream) return;
  if (side.websocket) {
    // Where the next frame starts cannot be told.
    if (!side.fault_told) side.websocket = std::make_unique<CapturedWebSocket>(CapturedWebSocket::Start::frames);
  }
  side.stream->lose(count);
  mark_time(side, false, time);
}

void MqttConnection::finish() {
  if (content_ == Content::unknown) detect(true);
  for (SideState& side : sides_) {
    if (side.stream) side.stream->finish();
  }
}

void MqttConnection::give_up() {
  if (content_ == Content::unknown && !tls_) detect(true);
  if (tls_ && tls_->held_bytes() > 0) tls_->give_up();
  if (tls_ && content_ == Content::unknown) content_ = Content::tls;
  for (SideState& side : sides_) {
    if (side.websocket) side.websocket->give_up();
    if (side.stream) side.stream->give_up();
  }
}

void MqttConnection::release() {
  for (SideState& side : sides_) {
    side.earlier.release();
    if (side.stream) side.stream->release();
  }
}

void MqttConnection::release_idle() {
  for (SideState& side : sides_) {
    if (!side.stream || !side.stream->is_idle()) continue;
    side.earlier.release();
    side.stream->release();
  }
}

std::size_t MqttConnection::held_bytes() const {
  std::size_t bytes = tls_ ? sizeof(CapturedTls) + tls_->held_bytes() : 0;
  for (const SideState& side : sides_) {
    bytes += side.head.capacity() + side.earlier.held_bytes();
    if (side.stream) bytes += side.stream->held_bytes();
    if (side.websocket) bytes += sizeof(CapturedWebSocket) + side.websocket->held_bytes();
  }
  return bytes;
}

void MqttConnection::detect(bool last_chance) {
  for (const Side side : {Side::first, Side::second}) {
    if (!state(side).head.empty() && detect_side(side, last_chance)) return;
  }
  if (last_chance) {
    content_ = Content::other;
    sides_ = {};
  }
}

bool MqttConnection::detect_side(Side side, bool last_chance) {
  const Bytes head = state(side).head;
  const std::string_view text = as_text(head);
  if (starts_with_connect(head)) {
    settle(Content::mqtt, side, true);
    return true;
  }
  if (text.starts_with("GET ") || text.starts_with("HTTP/1.1 101")) {
    settle(Content::websocket, text[0] == 'G' ? side : other(side), true);
    return true;
  }
  if (!tls_ && starts_with_tls(head)) {
    constexpr std::uint8_t server_hello = 2;
    begin_tls(head[5] == server_hello ? other(side) : side);
    return true;
  }
  if (head.size() < telling_bytes && !last_chance && head[0] != 0xC0 && head[0] != 0xD0) return false;
  if (packet_may_start(head, {std::nullopt, last_chance}) == Plausible::yes) {
    settle(Content::mqtt, guess_client(), true);
    return true;
  }
  if (holds_websocket(head)) {
    settle(Content::websocket, (head[1] & 0x80U) != 0 ? side : other(side), true);
    return true;
  }
  if (is_mqtt_port(ends_.first.port) || is_mqtt_port(ends_.second.port)) {
    settle(Content::mqtt, guess_client(), start_seen_);
    return true;
  }
  if (!last_chance) return false;
  for (std::size_t at = 1; at < head.size(); ++at) {
    if (packet_may_start(head.subspan(at), {std::nullopt, true}) != Plausible::yes) continue;
    settle(Content::mqtt, guess_client(), false);
    return true;
  }
  return false;
}

// Who opened the connection is the client. Where that was not captured, packets that only one side sends tell, else the
// ports.
Side MqttConnection::guess_client() const {
  if (ends_.start_seen) return Side::first;
  for (const Side side : {Side::first, Side::second}) {
    Bytes rest = sides_[static_cast<std::size_t>(side)].head;
    for (Frame frame = find_frame(rest); frame.state == Frame::State::complete; frame = find_frame(rest)) {
      const PacketType type = frame.type;
      if (type == PacketType::subscribe || type == PacketType::unsubscribe || type == PacketType::pingreq) return side;
      if (type == PacketType::suback || type == PacketType::unsuback || type == PacketType::pingresp ||
          type == PacketType::connack) {
        return other(side);
      }
      rest = rest.subspan(frame.packet_size);
    }
  }
  const bool first_is_server =
      is_mqtt_port(ends_.first.port) || (!is_mqtt_port(ends_.second.port) && ends_.first.port < ends_.second.port);
  return first_is_server ? Side::second : Side::first;
}

void MqttConnection::settle(Content content, Side client, bool in_sync) {
  content_ = content;
  client_ = client;
  for (const Side side : {Side::first, Side::second}) {
    SideState& to = state(side);
    const bool synchronized =
        in_sync || to.head.empty() || packet_may_start(to.head, {std::nullopt, true}) == Plausible::yes;
    to.stream.emplace(PacketStream::Options{.version = version_,
                                            .sender = side == client ? Role::client : Role::server,
                                            .trial_bytes = trial_bytes_,
                                            .in_sync = synchronized});
    if (content == Content::websocket) {
      const std::string_view text = as_text(to.head);
      const bool has_handshake = to.head.empty() ? start_seen_ : text.starts_with("GET ") || text.starts_with("HTTP/");
      using Start = CapturedWebSocket::Start;
      to.websocket = std::make_unique<CapturedWebSocket>(has_handshake ? Start::handshake : Start::frames);
    }
    const std::vector<std::uint8_t> head = std::move(to.head);
    to.head = {};
    if (!head.empty()) feed(side, head, to.head_time);
  }
}

void MqttConnection::feed(Side side, Bytes bytes, std::optional<WallTime> time) {
  SideState& to = state(side);
  const bool was_idle = to.stream->is_idle();
  std::vector<std::uint8_t>& buffer = to.stream->feed_buffer();
  if (to.websocket) {
    to.websocket->take(bytes, buffer);
  } else {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  }
  mark_time(to, was_idle, time);
}

void MqttConnection::mark_time(SideState& side, bool was_idle, std::optional<WallTime> time) {
  // Marks of bytes that have all been read are of no use any more.
  if (was_idle) {
    side.earlier.clear();
  } else {
    side.earlier.push_back(side.mark);
  }
  side.mark.end = side.stream->end_offset();
  side.mark.time = time;
}

bool MqttConnection::next(Item& item) {
  for (const Side side : {client_, other(client_)}) {
    SideState& from = state(side);
    if (!from.stream) continue;
    PacketStream::Item& packet = item.packet;
    if (from.stream->is_idle() || !from.stream->next(packet)) {
      from.stream->keep();
      continue;
    }
    if (packet.type == PacketType::connect && from.stream->version_source() == PacketStream::VersionSource::connect) {
      state(other(side)).stream->learn_version(packet.version);
    }
    const std::uint64_t end = packet.offset + packet.bytes.size() + packet.skipped_bytes;
    while (!from.earlier.empty() && from.earlier.front().end < end) from.earlier.pop_front();
    item.time = from.earlier.empty() ? from.mark.time : from.earlier.front().time;
    return true;
  }
  return false;
}

std::optional<Rule> MqttConnection::take_problem() {
  for (SideState& side : sides_) {
    if (!side.websocket) continue;
    if (auto problem = side.websocket->take_problem()) return problem;
  }
  return std::nullopt;
}

std::optional<std::string> MqttConnection::take_fault() {
  if (tls_ && is_mqtt() && !tls_->fault().empty() && !std::exchange(tls_fault_told_, true)) return tls_->fault();
  for (SideState& side : sides_) {
    if (!side.websocket || side.websocket->fault().empty() || side.fault_told) continue;
    side.fault_told = true;
    return side.websocket->fault();
  }
  return std::nullopt;
}

}  // namespace mqtk
