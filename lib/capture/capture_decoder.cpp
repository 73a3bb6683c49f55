#include "capture/capture_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/packet_text.hpp"

namespace mqtk {
namespace {

// Whoever receives a packet that breaks this has to close the connection. Requests are answered with the code instead.
bool closes_connection(Rule rule) {
  const RuleInfo& info = rule_info(rule);
  return info.rule_class != RuleClass::advice &&
         (info.reason_code == ReasonCode::malformed_packet || info.reason_code == ReasonCode::protocol_error);
}

}  // namespace

void CaptureDecoder::take(const CapturedFrame& frame) {
  Segment segment = read_segment(frame.link_type, frame.bytes);
  ++counts_.frames;
  take(segment, frame.time);
}

void CaptureDecoder::take(const Segment& segment, std::optional<WallTime> time) {
  if (segment.kind == Segment::Kind::damaged) ++counts_.damaged_frames;
  if (segment.kind == Segment::Kind::fragment) {
    const auto whole = fragments_.take(segment);
    counts_.fragments = fragments_.left_over();
    if (whole) reassembly_.take(*whole, time);
  } else {
    reassembly_.take(segment, time);
  }
  keep_within_bounds();
}

void CaptureDecoder::opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) {
  last_ = connections_.emplace(id, std::make_unique<Connection>(ends, version_, tls_)).first->second.get();
  last_->opened = time;
  last_id_ = id;
  count_held(*last_);
}

void CaptureDecoder::received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) {
  if (id != last_id_) {
    last_ = &find(id);
    last_id_ = id;
  }
  Connection& connection = *last_;
  if (connection.mqtt.content() == MqttConnection::Content::other) return;
  connection.mqtt.received(sender, bytes, time);
  drain(connection);
  if (connection.mqtt.content() == MqttConnection::Content::tls) sessions_.miss();
  count_held(connection);
}

void CaptureDecoder::missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) {
  Connection& connection = find(id);
  connection.mqtt.missing(sender, bytes, time);
  if (connection.mqtt.is_mqtt()) {
    drain(connection);
    listener_.notice(connection.stream, sender == connection.mqtt.client() ? Role::client : Role::server, time,
                     fmt::format("{} {} missing in the capture", count_bytes(bytes), bytes == 1 ? "is" : "are"));
  }
  connection.flow.lose();
  count_held(connection);
}

void CaptureDecoder::closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
                            std::optional<WallTime> time) {
  Connection& connection = find(id);
  connection.mqtt.finish();
  drain(connection);
  if (connection.mqtt.is_mqtt()) {
    const bool first_is_client = connection.mqtt.client() == Side::first;
    this->end(connection, end, first_is_client ? first : second, first_is_client ? second : first, time);
  } else if (connection.mqtt.content() == MqttConnection::Content::tls) {
    ++counts_.tls_connections;
    const std::string_view why = connection.mqtt.tls_fault();
    if (!why.empty()) ++counts_.tls_faults[std::string{why}];
  } else if (first.segments + second.segments > 0) {
    ++counts_.other_connections;
  }
  forget(id);
}

void CaptureDecoder::end(Connection& connection, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
                         std::optional<WallTime> time) {
  listener_.closed(connection.stream, end, client, server, connection.flow, time);
  const ConnectionEnds& ends = connection.mqtt.ends();
  const SocketEnd& to = connection.mqtt.client() == Side::first ? ends.second : ends.first;
  look_back(connection, end, to, client, server, time);
  sessions_.closed(to, connection.flow, time);
}

void CaptureDecoder::forget(std::uint64_t id) {
  if (last_id_ == id) {
    last_ = nullptr;
    last_id_ = 0;
  }
  const auto found = connections_.find(id);
  held_bytes_ -= found->second->held_bytes;
  connections_.erase(found);
}

void CaptureDecoder::count_held(Connection& connection) {
  connection.loose_bytes = connection.mqtt.held_bytes() + connection.flow.held_bytes();
  const std::size_t held = sizeof(Connection) + connection.flow.client_identifier().capacity() + connection.loose_bytes;
  held_bytes_ += held - connection.held_bytes;
  connection.held_bytes = held;
}

// A little more than needed is let go, so that it is not to do again at once.
void CaptureDecoder::keep_within_bounds() {
  constexpr std::size_t goal = max_held_bytes - max_held_bytes / 16;
  constexpr std::size_t worth_the_loss = 4096;
  if (held_bytes_ <= max_held_bytes) return;
  std::vector<Connection*> largest;
  for (const auto& [id, connection] : connections_) {
    if (connection->loose_bytes <= worth_the_loss) continue;
    connection->mqtt.release_idle();
    count_held(*connection);
    if (connection->loose_bytes > worth_the_loss) largest.push_back(connection.get());
  }
  // The numbers of streams make the order the same in every run.
  std::ranges::sort(largest, [](const Connection* a, const Connection* b) {
    return a->loose_bytes != b->loose_bytes ? a->loose_bytes > b->loose_bytes : a->stream < b->stream;
  });
  for (Connection* connection : largest) {
    if (held_bytes_ <= goal) return;
    give_up(*connection);
  }
  while (held_bytes_ > goal && reassembly_.close_oldest()) {
  }
}

void CaptureDecoder::give_up(Connection& connection) {
  const std::size_t flow_bytes = connection.flow.held_bytes();
  connection.mqtt.give_up();
  drain(connection);
  connection.mqtt.release();
  constexpr std::size_t least_flow_bytes = 4096;
  if (flow_bytes >= least_flow_bytes) {
    connection.flow.forget();
    listener_.notice(connection.stream, Role::unknown, {},
                     "more is unfinished in this capture than can be kept: what is in flight here, subscriptions and "
                     "topic aliases are forgotten");
  }
  count_held(connection);
}

std::uint64_t CaptureDecoder::open(const ConnectionEnds& ends) {
  const std::uint64_t stream = counts_.connections + 1;
  opened(stream, ends, {});
  last_->mqtt.settle_as_mqtt();
  drain(*last_);
  return stream;
}

void CaptureDecoder::receive(std::uint64_t stream, Role sender, Bytes bytes, std::optional<WallTime> time) {
  received(stream, sender == Role::client ? Side::first : Side::second, bytes, time);
  keep_within_bounds();
}

void CaptureDecoder::close(std::uint64_t stream, ConnectionEnd end, std::optional<WallTime> time) {
  Connection& connection = find(stream);
  connection.hides_half_packets = end == ConnectionEnd::capture_end;
  connection.mqtt.finish();
  drain(connection);
  this->end(connection, end, {}, {}, time);
  forget(stream);
}

void CaptureDecoder::look_back(Connection& connection, ConnectionEnd end, const SocketEnd& to, const TcpCounts& client,
                               const TcpCounts& server, std::optional<WallTime> time) {
  // A capture that ends early is nobody's fault.
  if (end == ConnectionEnd::capture_end) return;
  problems_.clear();
  connection.flow.end(problems_);
  connection.flow.end_of(Role::client, client.closed ? client.closed : time, problems_);
  connection.flow.end_of(Role::server, server.closed ? server.closed : time, problems_);
  for (const FlowProblem& problem : problems_) {
    listener_.connection_problem(connection.stream, connection.flow.version(), problem.rule, problem.detail);
  }
  const std::string_view tcp_end = end == ConnectionEnd::reset      ? "it was reset"
                                   : end == ConnectionEnd::replaced ? "a new one took its place"
                                                                    : "it was closed without DISCONNECT";
  const std::string loop = sessions_.reconnects(to, connection.flow, connection.opened, time, tcp_end);
  if (loop.empty()) return;
  listener_.connection_problem(connection.stream, connection.flow.version(), Rule::reconnect_loop, loop);
}

void CaptureDecoder::drain(Connection& connection) {
  if (connection.stream == 0 && connection.mqtt.is_mqtt()) {
    connection.stream = ++counts_.connections;
    listener_.opened(connection.stream, connection.mqtt.ends(), connection.mqtt.client());
  }
  if (auto problem = connection.mqtt.take_problem()) {
    listener_.connection_problem(connection.stream, connection.flow.version(), *problem, "");
  }
  MqttConnection::Item item;
  while (connection.mqtt.next(item)) show(connection, item);
  if (const auto fault = connection.mqtt.take_fault()) {
    listener_.notice(connection.stream, Role::unknown, {}, *fault);
    connection.flow.lose();
  }
}

void CaptureDecoder::show(Connection& connection, const MqttConnection::Item& item) {
  using State = PacketStream::Item::State;
  if (item.packet.state == State::incomplete && connection.hides_half_packets) return;
  if (item.packet.state == State::skipped) {
    const std::uint64_t count = item.packet.skipped_bytes;
    listener_.notice(
        connection.stream, item.packet.sender, item.time,
        fmt::format("{} skipped at offset {}: no packet starts there", count_bytes(count), item.packet.offset));
    connection.flow.lose();
    return;
  }
  PacketRecord& record = decoder_.decode(item.packet);
  for (const Problem& problem : record.problems) {
    if (closes_connection(problem.fault.rule)) connection.flow.broke(record.sender, problem.fault.rule, item.time);
  }
  record.index = index_++;
  record.stream = connection.stream;
  record.time = item.time;
  problems_.clear();
  if (record.decoded && item.packet.state == State::whole) {
    connection.flow.take({record.sender, record.packet, static_cast<std::uint32_t>(record.bytes.size()), record.time},
                         problems_);
    follow_sessions(connection, record);
  } else {
    connection.flow.lose();
  }
  if (const auto* publish = std::get_if<Publish>(record.packet); publish != nullptr && publish->topic_name.empty()) {
    const auto alias = publish->properties.number(PropertyId::topic_alias);
    if (alias) record.alias_topic = connection.flow.topic_of_alias(record.sender, static_cast<std::uint16_t>(*alias));
  }
  decoder_.add(problems_);
  listener_.packet(record, connection.flow);
}

void CaptureDecoder::follow_sessions(Connection& connection, const PacketRecord& record) {
  if (record.type != PacketType::connect && record.type != PacketType::connack) return;
  const ConnectionEnds& ends = connection.mqtt.ends();
  const SocketEnd& server = connection.mqtt.client() == Side::first ? ends.second : ends.first;
  if (record.type == PacketType::connect && !connection.session_asked) {
    connection.session_asked = true;
    if (connection.flow.client_identifier().empty()) return;
    sessions_.asked(server, connection.flow);
  }
  if (record.type == PacketType::connack && connection.flow.connected() && connection.flow.connect_seen()) {
    sessions_.accepted(server, connection.flow, record.time);
  }
}

}  // namespace mqtk
