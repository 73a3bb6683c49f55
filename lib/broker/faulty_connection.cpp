#include "broker/faulty_connection.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "broker/fault_answer.hpp"
#include "codec/codec.hpp"
#include "net/loop.hpp"

namespace mqtk {
namespace {

using Kind = FaultRule::Kind;

// A throttled stream moves on this often.
constexpr Duration throttle_step = std::chrono::milliseconds{20};
constexpr std::uint64_t throttle_steps_per_second = 50;

constexpr std::size_t read_bytes = 16 * 1024;

std::string_view topic_of(const Packet& packet) {
  const auto* publish = std::get_if<Publish>(&packet);
  return publish == nullptr ? std::string_view{} : publish->topic_name;
}

}  // namespace

FaultyConnection::FaultyConnection(Loop& loop, std::unique_ptr<NetworkConnection> network,
                                   std::shared_ptr<FaultRules> rules, std::weak_ptr<FaultHost> host,
                                   std::size_t max_packet_bytes)
    : FaultyConnection(FaultTiming{[&loop] { return loop.now(); }, loop.timers()}, std::move(network), std::move(rules),
                       std::move(host), max_packet_bytes) {}

FaultyConnection::FaultyConnection(FaultTiming timing, std::unique_ptr<NetworkConnection> network,
                                   std::shared_ptr<FaultRules> rules, std::weak_ptr<FaultHost> host,
                                   std::size_t max_packet_bytes)
    : timing_(std::move(timing)),
      network_(std::move(network)),
      rules_(std::move(rules)),
      host_(std::move(host)),
      max_packet_bytes_(max_packet_bytes),
      in_(timing_.deadlines, [this] { go_on_reading(); }),
      out_(timing_.deadlines, [this] { go_on_writing(); }),
      read_again_(timing_.deadlines, [this] { go_on_reading(); }) {}

void FaultyConnection::start(NetworkConnectionListener& listener) {
  listener_ = &listener;
  network_->start(*this);
}

// --- from the client ------------------------------------------------------------------------------------------------

void FaultyConnection::on_readable() { listener_->on_readable(); }

std::expected<std::size_t, std::error_code> FaultyConnection::read(MutableBytes to) {
  if (in_.ready.empty() && !ended_ && !in_.held() && !in_.next_step.is_armed()) {
    std::array<std::uint8_t, read_bytes> block;
    const std::size_t step =
        in_.bytes_per_second == 0
            ? block.size()
            : std::clamp<std::uint64_t>(in_.bytes_per_second / throttle_steps_per_second, 1, block.size());
    const auto count = network_->read(MutableBytes{block}.first(step));
    // Half a packet at the end of the stream is passed on.
    end_was_read_ = !count && count.error() == NetFault::end_of_stream && !in_.bytes.empty();
    if (!count && !end_was_read_) return count;
    if (count) {
      in_.bytes.append(as_text(Bytes{block}.first(*count)));
      look_at(in_, PacketDirection::to_broker);
    } else {
      in_.ready = std::exchange(in_.bytes, {});
    }
    if (in_.bytes_per_second > 0) {
      in_.next_step.arm(time_after(throttle_step));
      update_reading();
    }
  }
  if (in_.ready.empty()) {
    return std::unexpected(ended_ ? make_error_code(NetFault::end_of_stream)
                                  : std::make_error_code(std::errc::operation_would_block));
  }
  const std::size_t count = std::min(to.size(), in_.ready.size());
  std::copy_n(in_.ready.begin(), count, to.begin());
  in_.ready.erase(0, count);
  if (!in_.ready.empty() || ended_ || end_was_read_) read_again_.arm(timing_.now());
  return count;
}

void FaultyConnection::go_on_reading() {
  look_at(in_, PacketDirection::to_broker);
  update_reading();
  if (broker_pauses_ || (in_.ready.empty() && !ended_ && !end_was_read_)) return;
  listener_->on_readable();  // which may destroy this
}

void FaultyConnection::pause_reading() {
  broker_pauses_ = true;
  update_reading();
}

void FaultyConnection::resume_reading() {
  broker_pauses_ = false;
  update_reading();
  if (!in_.ready.empty() || ended_ || end_was_read_) read_again_.arm(timing_.now());
}

void FaultyConnection::update_reading() {
  broker_pauses_ || in_.held() || in_.next_step.is_armed() ? network_->pause_reading() : network_->resume_reading();
}

// --- to the client --------------------------------------------------------------------------------------------------

std::expected<FlushResult, std::error_code> FaultyConnection::flush(SendQueue& queue) {
  // What is taken from the queue here is what the broker believes to be sent: no more than one portion at a time.
  const bool busy =
      network_blocked_ || out_.held() || out_.next_step.is_armed() || !out_.ready.empty() || !to_network_.empty();
  if (!busy && !ended_) {
    while (!queue.empty()) {
      Bytes part;
      static_cast<void>(queue.gather({&part, 1}));
      out_.bytes.append(as_text(part));
      queue.consume(part.size());
    }
    look_at(out_, PacketDirection::to_client);
    if (const auto error = write_ready()) return std::unexpected(error);
  }
  if (ended_) {
    read_again_.arm(timing_.now());
    queue.clear();
    return FlushResult::all;
  }
  // Half a packet waits for its other half, which comes with the next call.
  const bool all = queue.empty() && out_.ready.empty() && to_network_.empty() && !out_.held();
  broker_waits_ = !all;
  return all ? FlushResult::all : FlushResult::part;
}

void FaultyConnection::on_writable() {
  network_blocked_ = false;
  go_on_writing();
}

void FaultyConnection::go_on_writing() {
  look_at(out_, PacketDirection::to_client);
  // A connection that is lost for writing is told about when it is read, or written again.
  static_cast<void>(write_ready());
  end_if_written();
  if (network_blocked_ || out_.held() || !out_.ready.empty()) return;
  if (ended_) return read_again_.arm(timing_.now());
  if (!broker_waits_) return;
  broker_waits_ = false;
  listener_->on_writable();  // which may destroy this
}

std::error_code FaultyConnection::write_ready() {
  while (!network_blocked_ && !out_.next_step.is_armed()) {
    if (to_network_.empty()) {
      if (out_.ready.empty()) return {};
      const std::size_t step = out_.bytes_per_second == 0
                                   ? out_.ready.size()
                                   : std::max<std::uint64_t>(out_.bytes_per_second / throttle_steps_per_second, 1);
      const std::size_t count = std::min(step, out_.ready.size());
      to_network_.append(as_bytes(std::string_view{out_.ready}.substr(0, count)));
      out_.ready.erase(0, count);
      if (out_.bytes_per_second > 0) out_.next_step.arm(time_after(throttle_step));
    }
    const auto flushed = network_->flush(to_network_);
    if (!flushed) return flushed.error();
    network_blocked_ = *flushed == FlushResult::part;
  }
  return {};
}

void FaultyConnection::end_writing() {
  end_of_writing_ = true;
  end_if_written();
}

void FaultyConnection::end_if_written() {
  if (!end_of_writing_ || out_.held()) return;
  out_.ready += std::exchange(out_.bytes, {});
  static_cast<void>(write_ready());
  if (out_.ready.empty() && to_network_.empty()) network_->end_writing();
}

void FaultyConnection::say(const std::string& bytes) {
  out_.ready += bytes;
  static_cast<void>(write_ready());
}

// --- packets --------------------------------------------------------------------------------------------------------

void FaultyConnection::look_at(Stream& stream, PacketDirection direction) {
  while (!ended_ && !stream.held() && !stream.as_it_comes) {
    const Bytes rest = as_bytes(stream.bytes).subspan(stream.looked_at);
    const Frame frame = find_frame(rest);
    stream.as_it_comes = frame.state == Frame::State::fault || frame.packet_size > max_packet_bytes_;
    if (frame.state != Frame::State::complete || stream.as_it_comes) break;
    look_at_packet(stream, direction, rest.first(frame.packet_size), frame.type);
  }
  if (ended_) stream.looked_at = stream.bytes.size();
  stream.bytes.erase(0, std::exchange(stream.looked_at, 0));
  if (stream.as_it_comes && !stream.held()) stream.ready += std::exchange(stream.bytes, {});
}

void FaultyConnection::look_at_packet(Stream& stream, PacketDirection direction, Bytes bytes, PacketType type) {
  const Role sender = direction == PacketDirection::to_broker ? Role::client : Role::server;
  Packet packet;
  if (decode(bytes, {version_, sender}, packet)) packet = {};  // the broker will say what is wrong with it
  note(packet);
  const bool passes = std::exchange(stream.pass_next, false);
  const auto host = host_.lock();
  FaultRules::Entry* entry =
      passes || host == nullptr ? nullptr : rules_->strike(client_identifier_, packet, type, direction);
  if (entry == nullptr) {
    stream.ready += as_text(bytes);
    stream.looked_at += bytes.size();
    return;
  }
  host->on_fault({*entry, client_identifier_, topic_of(packet), type, direction});
  strike(stream, direction, *entry, bytes, packet);
}

void FaultyConnection::note(const Packet& packet) {
  if (const auto* connect = std::get_if<Connect>(&packet)) {
    client_identifier_ = connect->client_identifier;
    version_ = connect->version;
  } else if (const auto* connack = std::get_if<Connack>(&packet)) {
    const auto assigned = connack->properties.text(PropertyId::assigned_client_identifier);
    if (assigned) client_identifier_ = *assigned;
  }
}

// `bytes` views stream.bytes, which must stay as they are until the packet is dealt with.
void FaultyConnection::strike(Stream& stream, PacketDirection direction, FaultRules::Entry& entry, Bytes bytes,
                              const Packet& packet) {
  const FaultRule rule = entry.rule;
  switch (rule.kind) {
    case Kind::delay:
    case Kind::stall:
      stream.pass_next = true;  // it stays where it is until then
      hold(stream, rule.time);
      if (direction == PacketDirection::to_broker) update_reading();
      return;
    case Kind::withhold:
    case Kind::drop: break;
    case Kind::throttle:
      stream.bytes_per_second = *rule.number;
      stream.ready += as_text(bytes);
      break;
    case Kind::duplicate: stream.ready.append(as_text(bytes)).append(as_text(bytes)); break;
    case Kind::corrupt: {
      std::string damaged{as_text(bytes)};
      // Behind the fixed header where there is something: a wrong length would damage the packets that follow.
      const std::size_t header = find_frame(bytes).header_size;
      const std::size_t first = damaged.size() > header ? header : 0;
      const std::uint64_t bit = entry.next_random() % ((damaged.size() - first) * 8);
      char& byte = damaged[first + bit / 8];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
      stream.ready += damaged;
      break;
    }
    case Kind::receive_maximum:
      stream.ready += with_receive_maximum(packet, version_, static_cast<std::uint16_t>(*rule.number))
                          .value_or(std::string{as_text(bytes)});
      break;
    case Kind::cut:
      stream.ready +=
          as_text(bytes.first(std::min<std::uint64_t>(rule.number.value_or(bytes.size() / 2), bytes.size())));
      ended_ = true;
      break;
    default: strike_connection(rule, packet); break;
  }
  stream.looked_at += bytes.size();
}

void FaultyConnection::strike_connection(const FaultRule& rule, const Packet& packet) {
  switch (rule.kind) {
    case Kind::refuse: say(raw_connack(version_, connack_code(rule.reason_code))); break;
    case Kind::answer: {
      // Before 5.0 there is one failure, and only SUBACK has it.
      const auto most = static_cast<std::uint8_t>(version_ == Version::v5 ? 0xFF : 0x80);
      return say(raw_answer(packet, version_, std::min(rule.reason_code, most)));
    }
    case Kind::disconnect: say(raw_disconnect(version_, rule.reason_code)); break;
    case Kind::take_over:
      say(raw_disconnect(version_, static_cast<std::uint8_t>(ReasonCode::session_taken_over)));
      break;
    default: break;  // the host does the rest
  }
  ended_ = true;
}

// Before 5.0: the return code that says it best.
std::uint8_t FaultyConnection::connack_code(std::uint8_t wanted) const {
  constexpr std::uint8_t server_unavailable = 3;
  constexpr std::uint8_t last_return_code = 5;
  if (version_ == Version::v5 || wanted <= last_return_code) return wanted;
  const std::uint8_t code = connack_return_code(static_cast<ReasonCode>(wanted));
  return code <= last_return_code ? code : server_unavailable;
}

void FaultyConnection::hold(Stream& stream, std::optional<Duration> time) {
  if (!time) {
    stream.stalled = true;
  } else {
    stream.held_until.arm(time_after(*time));
  }
}

TimePoint FaultyConnection::time_after(Duration delay) const {
  const TimePoint now = timing_.now();
  return delay < TimePoint::max() - now ? now + delay : TimePoint::max();
}

}  // namespace mqtk
