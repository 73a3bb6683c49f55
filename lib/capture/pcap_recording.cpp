#include "capture/pcap_recording.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "capture/packet_stream.hpp"
#include "capture/pcap_reader.hpp"
#include "capture/tcp_reassembly.hpp"
#include "codec/codec.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} * 1024;
// Beyond so many bytes without a whole packet a stream is taken for something else than MQTT.
constexpr std::size_t longest_wait = std::size_t{max_packet_size} + 1024;

struct Owned {
  std::optional<WallTime> time;
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  bool dup = false;
  std::vector<std::uint8_t> payload = {};
  PropertyWriter properties = {};
  std::string client = {};
};

// One direction of a connection.
struct Direction {
  std::optional<PacketStream> packets;
  bool spoiled = false;  // a gap or bytes that are no packet: nothing behind can be read
  std::map<std::uint32_t, std::string> aliases;
  std::size_t fed = 0;  // since the last whole packet
};

struct Connection {
  Direction sides[2];
  std::array<Role, 2> roles{Role::unknown, Role::unknown};  // by the SYN, else by what one side only sends
  std::optional<Version> version;                           // from its CONNECT
  std::array<std::string, 2> addresses;
  std::string client;  // its Client Identifier, as soon as it is known
};

class PcapRecording final : public RecordingReader, ConnectionListener {
 public:
  PcapRecording(std::unique_ptr<ByteStream> stream, CaptureDirection direction)
      : stream_(std::move(stream)), direction_(direction), reassembly_(*this) {}

  State next(MessageRecord& message) override {
    if (handed_out_) messages_.pop_front();
    handed_out_ = false;
    while (messages_.empty()) {
      if (!problems_.empty()) {
        std::string problem = std::move(problems_.front());
        problems_.pop_front();
        return damaged(std::move(problem));
      }
      if (ended_) return State::end;
      read_on();
    }
    const Owned& owned = messages_.front();
    message = {};
    message.time = owned.time;
    message.topic = owned.topic;
    message.qos = owned.qos;
    message.retain = owned.retain;
    message.dup = owned.dup;
    message.payload = owned.payload;
    message.properties = owned.properties.block();
    message.client = owned.client;
    handed_out_ = true;
    return State::message;
  }

 private:
  void read_on() {
    while (const auto frame = pcap_.next()) {
      reassembly_.take(read_segment(frame->link_type, frame->bytes), frame->time);
      if (!messages_.empty()) return;
    }
    if (pcap_.fault() || input_ended_) {
      if (pcap_.fault()) problems_.push_back(*pcap_.fault());
      reassembly_.finish();
      ended_ = true;
      return;
    }
    std::vector<std::uint8_t>& buffer = pcap_.feed_buffer();
    const std::size_t held = buffer.size();
    buffer.resize(held + block_bytes);
    const std::size_t count = stream_->read(MutableBytes{buffer}.subspan(held));
    buffer.resize(held + count);
    if (count > 0) return;
    if (stream_->error()) problems_.push_back(fmt::format("cannot read: {}", stream_->error().message()));
    pcap_.finish();
    input_ended_ = true;
  }

  void opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) override {
    (void)time;
    Connection& connection = connections_[id];
    if (ends.start_seen) connection.roles = {Role::client, Role::server};
    connection.addresses = {ends.first.text(), ends.second.text()};
  }

  void received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) override {
    Connection& connection = connections_[id];
    Direction& side = connection.sides[static_cast<std::size_t>(sender)];
    if (side.spoiled) return;
    if (!side.packets) {
      const Role role = connection.roles[static_cast<std::size_t>(sender)];
      side.packets.emplace(PacketStream::Options{connection.version, role});
    }
    std::vector<std::uint8_t>& buffer = side.packets->feed_buffer();
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    side.fed += bytes.size();
    take_packets(connection, sender, time);
    if (side.fed > longest_wait) side.spoiled = true;
  }

  void missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) override {
    (void)time;
    Direction& side = connections_[id].sides[static_cast<std::size_t>(sender)];
    if (side.spoiled || !side.packets) return;
    side.spoiled = true;
    problems_.push_back(
        fmt::format("{} bytes of TCP connection {} are not in the capture; the rest of it is lost", bytes, id));
  }

  void closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
              std::optional<WallTime> time) override {
    (void)end, (void)first, (void)second;
    Connection& connection = connections_[id];
    for (const Side sender : {Side::first, Side::second}) {
      Direction& side = connection.sides[static_cast<std::size_t>(sender)];
      if (!side.packets || side.spoiled) continue;
      side.packets->finish();
      take_packets(connection, sender, time);
    }
    connections_.erase(id);
  }

  void take_packets(Connection& connection, Side sender, std::optional<WallTime> time) {
    Direction& side = connection.sides[static_cast<std::size_t>(sender)];
    while (const auto item = side.packets->next()) {
      if (item->state != PacketStream::Item::State::whole) {
        side.spoiled = true;
        return;
      }
      side.fed = 0;
      if (item->sender != Role::unknown) learn_roles(connection, sender, item->sender);
      if (item->type == PacketType::connect && side.packets->version_source() == PacketStream::VersionSource::connect) {
        connection.version = item->version;
      }
      if (item->type == PacketType::connect || item->type == PacketType::connack) learn_client(connection, *item);
      if (item->type == PacketType::publish) take_publish(connection, sender, *item, time);
    }
  }

  [[nodiscard]] bool is_wanted(Role sender) const {
    if (direction_ == CaptureDirection::both || sender == Role::unknown) return true;
    return (direction_ == CaptureDirection::to_server) == (sender == Role::client);
  }

  static void learn_roles(Connection& connection, Side sender, Role role) {
    const auto at = static_cast<std::size_t>(sender);
    if (connection.roles[at] != Role::unknown) return;
    connection.roles[at] = role;
    connection.roles[1 - at] = peer_of(role);
    for (const std::size_t i : {0U, 1U}) {
      if (connection.sides[i].packets) connection.sides[i].packets->set_sender(connection.roles[i]);
    }
  }

  // A client that leaves its identifier to the broker learns it from the CONNACK.
  static void learn_client(Connection& connection, const PacketStream::Item& item) {
    Packet packet;
    if (decode(item.bytes, {item.version, Role::unknown}, packet)) return;
    if (const auto* connect = std::get_if<Connect>(&packet)) connection.client = connect->client_identifier;
    const auto* connack = std::get_if<Connack>(&packet);
    if (connack == nullptr) return;
    if (const auto assigned = connack->properties.text(PropertyId::assigned_client_identifier)) {
      connection.client = *assigned;
    }
  }

  // Of a message that the broker passes on nobody can say who published it.
  static std::string publisher(const Connection& connection, Side sender, Role role) {
    if (role != Role::client) return "";
    return connection.client.empty() ? connection.addresses[static_cast<std::size_t>(sender)] : connection.client;
  }

  void take_publish(Connection& connection, Side sender, const PacketStream::Item& item, std::optional<WallTime> time) {
    Direction& side = connection.sides[static_cast<std::size_t>(sender)];
    Packet packet;
    if (decode(item.bytes, {item.version, Role::unknown}, packet)) return;
    const auto& publish = std::get<Publish>(packet);
    std::string topic{publish.topic_name};
    if (const auto alias = publish.properties.number(PropertyId::topic_alias)) {
      if (topic.empty()) {
        topic = side.aliases[*alias];
      } else {
        side.aliases[*alias] = topic;
      }
    }
    if (!is_wanted(item.sender) || TopicName::check(topic)) return;
    Owned owned{
        .time = time, .topic = std::move(topic), .qos = publish.qos, .retain = publish.retain, .dup = publish.dup};
    owned.client = publisher(connection, sender, item.sender);
    owned.payload.assign(publish.payload.begin(), publish.payload.end());
    for (const Property& property : publish.properties) {
      const bool of_connection =
          property.id == PropertyId::topic_alias || property.id == PropertyId::subscription_identifier;
      if (!of_connection) owned.properties.add(property);
    }
    messages_.push_back(std::move(owned));
  }

  std::unique_ptr<ByteStream> stream_;
  CaptureDirection direction_;
  PcapReader pcap_;
  TcpReassembly reassembly_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::deque<Owned> messages_;
  std::deque<std::string> problems_;
  bool handed_out_ = false;
  bool input_ended_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<RecordingReader> make_pcap_recording(std::unique_ptr<ByteStream> stream, CaptureDirection direction) {
  return std::make_unique<PcapRecording>(std::move(stream), direction);
}

}  // namespace mqtk
