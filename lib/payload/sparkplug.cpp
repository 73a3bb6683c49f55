#include "payload/sparkplug.hpp"

#include <algorithm>
#include <array>

namespace mqtk {
namespace {

constexpr std::string_view sparkplug_namespace = "spBv1.0/";
constexpr std::array<std::string_view, 9> type_names = {"NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA",
                                                        "DDATA",  "NCMD",   "DCMD",   "STATE"};

std::string_view take_level(std::string_view& topic) {
  const std::size_t end = std::min(topic.find('/'), topic.size());
  const std::string_view level = topic.substr(0, end);
  topic.remove_prefix(std::min(end + 1, topic.size()));
  return level;
}

bool is_bytes(const ProtobufField& field) { return field.type == ProtobufField::Type::bytes; }
bool is_varint(const ProtobufField& field) { return field.type == ProtobufField::Type::varint; }

// Unknown fields are passed over, as any reader of Protocol Buffers does; those of the wrong type, too.
std::expected<SparkplugMetric, PayloadFault> parse_metric(Bytes bytes, std::size_t base) {
  SparkplugMetric metric;
  ProtobufReader reader{bytes};
  while (const auto field = reader.next()) {
    if (field->number == 1 && is_bytes(*field)) metric.name = as_text(field->bytes);
    if (field->number == 2 && is_varint(*field)) metric.alias = field->value;
    if (field->number == 3 && is_varint(*field)) metric.timestamp = field->value;
    if (field->number == 4 && is_varint(*field)) metric.datatype = static_cast<std::uint32_t>(field->value);
    if (field->number == 5 && is_varint(*field)) metric.is_historical = field->value != 0;
    if (field->number == 6 && is_varint(*field)) metric.is_transient = field->value != 0;
    if (field->number == 7 && is_varint(*field)) metric.is_null = field->value != 0;
    if (field->number == 9 && is_bytes(*field)) metric.properties = field->bytes;
    if (field->number >= 10 && field->number <= 19) metric.value = field;
  }
  if (reader.damaged()) return std::unexpected(PayloadFault{base + reader.offset(), "a metric is damaged"});
  return metric;
}

}  // namespace

std::string_view sparkplug_type_name(SparkplugType type) { return type_names[static_cast<std::size_t>(type)]; }

bool is_sparkplug_topic(std::string_view topic) { return topic.starts_with(sparkplug_namespace); }

std::expected<SparkplugTopic, std::string> parse_sparkplug_topic(std::string_view topic) {
  if (!is_sparkplug_topic(topic)) return std::unexpected("the topic is not in spBv1.0");
  std::string_view rest = topic.substr(sparkplug_namespace.size());
  SparkplugTopic parsed;
  const std::string_view first = take_level(rest);
  if (first == "STATE") {
    parsed.type = SparkplugType::state;
    parsed.node = rest;
    if (rest.empty() || rest.find('/') != std::string_view::npos) {
      return std::unexpected("behind STATE stands one level, the host");
    }
    return parsed;
  }
  parsed.group = first;
  const std::string_view word = take_level(rest);
  const auto found = std::ranges::find(type_names, word);
  if (found == type_names.end() || word == "STATE") return std::unexpected("the third level is no message type");
  parsed.type = static_cast<SparkplugType>(found - type_names.begin());
  parsed.node = take_level(rest);
  parsed.device = rest;
  if (parsed.group.empty() || parsed.node.empty()) return std::unexpected("group or edge node is empty");
  if (parsed.device.find('/') != std::string_view::npos) return std::unexpected("the topic has too many levels");
  if (word.front() == 'D' && parsed.device.empty()) return std::unexpected("a message of a device names none");
  if (word.front() == 'N' && !parsed.device.empty())
    return std::unexpected("a message of the edge node names a device");
  return parsed;
}

std::expected<SparkplugPayload, PayloadFault> parse_sparkplug(Bytes payload) {
  SparkplugPayload parsed;
  bool known = payload.empty();
  ProtobufReader reader{payload};
  while (const auto field = reader.next()) {
    known = known || field->number <= 5;
    if (field->number == 1 && is_varint(*field)) parsed.timestamp = field->value;
    if (field->number == 3 && is_varint(*field)) parsed.seq = field->value;
    if (field->number == 4 && is_bytes(*field)) parsed.uuid = as_text(field->bytes);
    if (field->number == 5 && is_bytes(*field)) parsed.body = field->bytes;
    if (field->number != 2 || !is_bytes(*field)) continue;
    auto metric = parse_metric(field->bytes, static_cast<std::size_t>(field->bytes.data() - payload.data()));
    if (!metric) return std::unexpected(metric.error());
    parsed.metrics.push_back(*metric);
  }
  // Plain text may be a valid message of fields that nobody knows: "55.49" is.
  if (reader.damaged() || !known) {
    const std::size_t offset = known ? reader.offset() : 0;
    return std::unexpected(PayloadFault{offset, "this is no Sparkplug payload, or a damaged one"});
  }
  return parsed;
}

}  // namespace mqtk
