// Sparkplug B 3.0: topics and payloads of the namespace spBv1.0.
//
// A payload is read into views of its bytes; a metric of a DATA message often has neither name nor datatype, which only
// the birth before it tells: SparkplugState keeps those.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "payload/protobuf_reader.hpp"
#include "payload/value_text.hpp"

namespace mqtk {

enum class SparkplugType : std::uint8_t { nbirth, ndeath, dbirth, ddeath, ndata, ddata, ncmd, dcmd, state };

// "NBIRTH" … "STATE"
[[nodiscard]] std::string_view sparkplug_type_name(SparkplugType type);

// Views of the topic. A topic that begins with spBv1.0/ may still be none: then there is a reason.
struct SparkplugTopic {
  SparkplugType type{};
  std::string_view group;   // empty for STATE
  std::string_view node;    // the edge node; the host for STATE
  std::string_view device;  // empty for messages of the node
};
[[nodiscard]] bool is_sparkplug_topic(std::string_view topic);
[[nodiscard]] std::expected<SparkplugTopic, std::string> parse_sparkplug_topic(std::string_view topic);

struct SparkplugMetric {
  std::optional<std::string_view> name;
  std::optional<std::uint64_t> alias;
  std::optional<std::uint64_t> timestamp;  // milliseconds since 1970
  std::optional<std::uint32_t> datatype;
  bool is_historical = false;
  bool is_transient = false;
  bool is_null = false;
  std::optional<Bytes> properties;
  std::optional<ProtobufField> value;
};

struct SparkplugPayload {
  std::optional<std::uint64_t> timestamp;
  std::optional<std::uint64_t> seq;
  std::optional<std::string_view> uuid;
  std::optional<Bytes> body;
  std::vector<SparkplugMetric> metrics;
};

[[nodiscard]] std::expected<SparkplugPayload, PayloadFault> parse_sparkplug(Bytes payload);

// "Int32"; empty for a number that is no datatype.
[[nodiscard]] std::string_view sparkplug_datatype_name(std::uint32_t datatype);

// Appends the value of a metric as JSON; null without one. Signed numbers, which travel in unsigned fields, are cut to
// the width of `datatype`; without a datatype the field is shown as it is.
void append_sparkplug_value(std::string& out, const SparkplugMetric& metric, std::optional<std::uint32_t> datatype);

}  // namespace mqtk
