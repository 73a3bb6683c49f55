#include "inspect/sn_inspection.hpp"

#include <fmt/format.h>

#include "inspect/source.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;

namespace {

// A UDP datagram cannot be longer; text beyond it holds more than one message.
constexpr std::size_t max_text_bytes = 64UL * 1024 * 1024;

}  // namespace

ExitStatus SnInspection::run() {
  for (const SourceName& each : sources_of(options_.inputs)) {
    auto source = each.kind == SourceName::Kind::text
                      ? std::expected<Source, std::string>{Source::of_text(each.value)}
                      : Source::open(each.value, options_.follow ? Following::yes : Following::no);
    if (!source) {
      complain("", source.error(), ExitStatus::usage);
      continue;
    }
    PcapReader reader;
    bool is_capture = false;
    std::string text;
    while (!output_.ended()) {
      const auto block = source->read();
      if (!block) {
        complain("", block.error(), source->is_damaged() ? ExitStatus::malformed_input : ExitStatus::usage);
        break;
      }
      if (block->empty()) break;
      is_capture = is_capture || (text.empty() && PcapReader::recognizes(as_bytes(*block)));
      if (!is_capture) {
        text += *block;
        if (text.size() > max_text_bytes) break;
        continue;
      }
      auto& buffer = reader.feed_buffer();
      buffer.insert(buffer.end(), block->begin(), block->end());
      if (!drain_capture(source->name(), reader)) break;
      if (source->is_live()) output_.flush();
    }
    if (is_capture) {
      reader.finish();
      if (!reader.fault()) static_cast<void>(drain_capture(source->name(), reader));
    } else {
      read_hex_text(source->name(), text);
    }
  }
  if (options_.viewing.summary) {
    output_.write(fmt::format("{} messages, {} problems, {} clients\n", messages_, problems_, clients_.size()));
  }
  output_.flush();
  return output_.ended() ? output_.status() : status_;
}

void SnInspection::complain(const std::string& name, const std::string& text, ExitStatus status) {
  output_.flush();
  cli::report(name.empty() ? text : name + ": " + text);
  if (status != ExitStatus::done) status_ = status;
}

void SnInspection::read_hex_text(const std::string& name, std::string_view text) {
  const HexText read = read_hex(text);
  Client& client = clients_[Ends{}];
  client.number = 1;
  take_messages(read.bytes, std::nullopt, options_.sender, client);
  if (read.error) complain(name, read.error->text(), ExitStatus::malformed_input);
}

bool SnInspection::drain_capture(const std::string& name, PcapReader& reader) {
  while (const auto frame = reader.next()) {
    if (output_.ended()) return false;
    const Segment segment = read_segment(frame->link_type, frame->bytes);
    if (segment.kind == Segment::Kind::udp) take_segment(segment, frame->time);
    if (segment.kind != Segment::Kind::fragment) continue;
    const auto whole = fragments_.take(segment);
    if (whole && whole->kind == Segment::Kind::udp) take_segment(*whole, frame->time);
  }
  if (!reader.fault()) return true;
  complain(name, *reader.fault(), ExitStatus::malformed_input);
  return false;
}

void SnInspection::take_segment(const Segment& segment, std::optional<WallTime> time) {
  const SnMessage first = read_sn(segment.payload);
  Client* client = client_of(segment, first);
  if (client == nullptr) return;
  const Ends as_client{segment.source, segment.destination};
  const std::size_t bytes_before = client->topics.held_bytes();
  take_messages(segment.payload, time, clients_.contains(as_client) ? Role::client : Role::server, *client);
  name_bytes_ += client->topics.held_bytes() - bytes_before;
  while (name_bytes_ > max_name_bytes) forget_oldest();
}

// Datagrams of other protocols pass by: two ends are taken for MQTT-SN once one of them has sent a message without
// fault. Which end is the client the message tells, or the lower port, which is the gateway's.
SnInspection::Client* SnInspection::client_of(const Segment& segment, const SnMessage& first) {
  for (const Ends& ends : {Ends{segment.source, segment.destination}, Ends{segment.destination, segment.source}}) {
    const auto found = clients_.find(ends);
    if (found != clients_.end()) return &found->second;
  }
  const bool is_whole =
      first.problems.empty() && (first.bytes.size() == segment.payload.size() || first.type == SnType::encapsulated);
  if (!is_whole || segment.cut_bytes > 0) return nullptr;
  if (clients_.size() >= max_clients) forget_oldest();
  const bool from_client =
      first.sender == Role::unknown ? segment.source.port > segment.destination.port : first.sender == Role::client;
  const Ends ends = from_client ? Ends{segment.source, segment.destination} : Ends{segment.destination, segment.source};
  by_age_.push_back(ends);
  Client& client = clients_[ends];
  client.number = ++last_client_;
  return &client;
}

void SnInspection::forget_oldest() {
  const auto oldest = clients_.find(by_age_.front());
  name_bytes_ -= oldest->second.topics.held_bytes();
  clients_.erase(oldest);
  by_age_.pop_front();
}

void SnInspection::take_messages(Bytes bytes, std::optional<WallTime> time, Role sender, Client& client) {
  while (!bytes.empty() && !output_.ended()) {
    const SnMessage message = read_sn(bytes);
    bytes = bytes.subspan(message.bytes.size());
    client.topics.learn(message);
    const std::string topic = client.topics.topic_of(message);
    const Role known = message.sender == Role::unknown ? sender : message.sender;
    const SnRecord record{index_++, client.number, time, known, &message, topic};
    ++messages_;
    problems_ += message.problems.size();
    if (!message.problems.empty()) status_ = ExitStatus::malformed_input;
    const cli::View view = options_.viewing.view.value_or(time ? cli::View::line : cli::View::annotated);
    if (view == cli::View::json) {
      append_sn_json(output_.buffer(), record);
    } else if (view == cli::View::line) {
      append_sn_line(output_.buffer(), record);
    } else if (view != cli::View::none) {
      append_sn_fields(output_.buffer(), record);
    }
    output_.wrote();
  }
}

}  // namespace mqtk::inspect
