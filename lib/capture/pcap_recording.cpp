#include "capture/pcap_recording.hpp"

#include <fmt/format.h>

#include <deque>
#include <unordered_map>
#include <utility>

#include "capture/capture_decoder.hpp"
#include "capture/pcap_reader.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} * 1024;

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

class PcapRecording final : public RecordingReader, CaptureListener {
 public:
  PcapRecording(std::unique_ptr<ByteStream> stream, CaptureDirection direction)
      : stream_(std::move(stream)), direction_(direction), decoder_(*this, Notes::when_needed, std::nullopt) {}

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
      decoder_.take(*frame);
      if (!messages_.empty()) return;
    }
    if (pcap_.fault() || input_ended_) {
      if (pcap_.fault()) problems_.push_back(*pcap_.fault());
      decoder_.finish();
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

  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override {
    addresses_[stream] = (client == Side::first ? ends.first : ends.second).text();
  }

  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override {
    (void)end, (void)client, (void)server, (void)flow, (void)time;
    addresses_.erase(stream);
  }

  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override {
    (void)sender, (void)time;
    problems_.push_back(fmt::format("connection {}: {}", stream, text));
  }

  // The messages are there all the same.
  void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) override {
    (void)stream, (void)version, (void)rule, (void)detail;
  }

  [[nodiscard]] bool is_wanted(Role sender) const {
    if (direction_ == CaptureDirection::both || sender == Role::unknown) return true;
    return (direction_ == CaptureDirection::to_server) == (sender == Role::client);
  }

  void packet(const PacketRecord& record, const FlowCheck& flow) override {
    if (record.type != PacketType::publish || !is_wanted(record.sender)) return;
    const auto* publish = std::get_if<Publish>(record.packet);
    const bool whole = publish != nullptr && record.decoded && record.missing_bytes == 0;
    std::string topic{!whole ? "" : publish->topic_name.empty() ? record.alias_topic : publish->topic_name};
    if (!whole || TopicName::check(topic)) {
      notice(record.stream, record.sender, record.time,
             fmt::format("the PUBLISH at offset {} is {}", record.offset,
                         record.missing_bytes > 0 ? "not whole" : "no message that could be published"));
      return;
    }
    Owned owned{.time = record.time,
                .topic = std::move(topic),
                .qos = publish->qos,
                .retain = publish->retain,
                .dup = publish->dup};
    // Of a message that the broker passes on nobody can say who published it.
    if (record.sender == Role::client) {
      owned.client = flow.client_identifier().empty() ? addresses_[record.stream] : flow.client_identifier();
    }
    owned.payload.assign(publish->payload.begin(), publish->payload.end());
    for (const Property& property : publish->properties) {
      const bool of_connection =
          property.id == PropertyId::topic_alias || property.id == PropertyId::subscription_identifier;
      if (!of_connection) owned.properties.add(property);
    }
    messages_.push_back(std::move(owned));
  }

  std::unique_ptr<ByteStream> stream_;
  CaptureDirection direction_;
  PcapReader pcap_;
  CaptureDecoder decoder_;
  std::unordered_map<std::uint64_t, std::string> addresses_;  // of the clients of open connections
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
