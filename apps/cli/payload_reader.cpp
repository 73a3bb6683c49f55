#include "cli/payload_reader.hpp"

#include "base/hex.hpp"
#include "payload/cbor.hpp"
#include "payload/message_pack.hpp"

namespace mqtk::cli {
namespace {

std::string_view without_parameters(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

template <class Decode>
PayloadReading decoded(std::string_view format, Bytes payload, Decode decode) {
  PayloadReading reading;
  reading.format = format;
  const auto json = decode(payload, Notation::json);
  if (json) {
    reading.json = *json;
    reading.text = decode(payload, Notation::diagnostic).value_or(*json);
  } else {
    reading.error = json.error().text();
  }
  return reading;
}

}  // namespace

// Never by a look at the bytes: plain numbers and words are valid in most of these formats.
PayloadFormat PayloadReader::format_of(std::string_view topic, const Publish& publish) const {
  if (format_ != PayloadFormat::automatic) return format_;
  const std::string_view type = without_parameters(publish.properties.text(PropertyId::content_type).value_or(""));
  if (type == "application/cbor" || type.ends_with("+cbor")) return PayloadFormat::cbor;
  if (type == "application/msgpack" || type == "application/vnd.msgpack" || type == "application/x-msgpack") {
    return PayloadFormat::message_pack;
  }
  return is_sparkplug_topic(topic) ? PayloadFormat::sparkplug : PayloadFormat::none;
}

// Most payloads are of no known format: nothing is built for them.
const PayloadReading& PayloadReader::read(const PacketRecord& record) {
  if (!reading_.format.empty()) reading_ = {};
  if (record.packet == nullptr || !record.decoded) return reading_;
  if (const auto* publish = std::get_if<Publish>(record.packet)) {
    const std::string_view topic = publish->topic_name.empty() ? record.alias_topic : publish->topic_name;
    const PayloadFormat format = format_of(topic, *publish);
    if (format != PayloadFormat::none) reading_ = read_publish(format, topic, *publish, record);
  } else if (const auto* connect = std::get_if<Connect>(record.packet)) {
    const bool applies = format_ == PayloadFormat::automatic || format_ == PayloadFormat::sparkplug;
    if (connect->will && applies && is_sparkplug_topic(connect->will->topic)) {
      reading_ = read_sparkplug({.topic = connect->will->topic,
                                 .payload = connect->will->payload,
                                 .qos = static_cast<unsigned>(connect->will->qos),
                                 .retain = connect->will->retain,
                                 .is_will = true},
                                record);
    }
  }
  return reading_;
}

PayloadReading PayloadReader::read_publish(PayloadFormat format, std::string_view topic, const Publish& publish,
                                           const PacketRecord& record) {
  switch (format) {
    case PayloadFormat::cbor: return decoded("cbor", publish.payload, cbor_text);
    case PayloadFormat::message_pack: return decoded("msgpack", publish.payload, message_pack_text);
    case PayloadFormat::hex:
      return {.format = "hex", .json = '"' + to_hex(publish.payload) + '"', .text = to_hex(publish.payload, " ")};
    case PayloadFormat::sparkplug:
      return read_sparkplug({.topic = topic,
                             .payload = publish.payload,
                             .qos = static_cast<unsigned>(publish.qos),
                             .retain = publish.retain,
                             .is_delivery = record.sender == Role::server},
                            record);
    case PayloadFormat::automatic:
    case PayloadFormat::none: break;
  }
  return {};
}

void PayloadReader::forget(std::uint64_t stream) {
  for (const Role role : {Role::client, Role::server}) {
    if (const auto found = states_.find({stream, role}); found != states_.end()) erase(found);
  }
}

void PayloadReader::erase(std::map<std::pair<std::uint64_t, Role>, SparkplugState>::iterator state) {
  name_bytes_ -= state->second.held_bytes();
  states_.erase(state);
}

// A publisher's messages and those that a subscriber is sent are two sequences, so each direction has its own state.
PayloadReading PayloadReader::read_sparkplug(const SparkplugMessage& message, const PacketRecord& record) {
  const std::pair key{record.stream, record.sender};
  SparkplugState unknown;
  const bool has_room = states_.size() < max_states || states_.find(key) != states_.end();
  SparkplugState& state = has_room ? states_[key] : unknown;
  const std::size_t bytes_before = state.held_bytes();
  SparkplugReading read = state.take(message);
  if (has_room) name_bytes_ += state.held_bytes() - bytes_before;
  while (name_bytes_ > max_name_bytes) erase(states_.begin());
  PayloadReading reading;
  reading.format = "sparkplug";
  reading.json = read.json;
  reading.text = std::move(read.json);
  reading.error = std::move(read.error);
  reading.findings = std::move(read.findings);
  return reading;
}

}  // namespace mqtk::cli
