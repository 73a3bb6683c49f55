#include "payload/sparkplug_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/append_format.hpp"

namespace mqtk {
namespace {

bool is_birth(SparkplugType type) { return type == SparkplugType::nbirth || type == SparkplugType::dbirth; }
bool is_data(SparkplugType type) { return type == SparkplugType::ndata || type == SparkplugType::ddata; }
bool is_command(SparkplugType type) { return type == SparkplugType::ncmd || type == SparkplugType::dcmd; }

struct Statements {
  std::string_view qos;
  std::string_view retain;
  std::string_view timestamp;
  std::string_view seq;
  std::string_view seq_increments;
};

// In the order of SparkplugType.
constexpr Statements statements[] = {
    {"tck-id-payloads-nbirth-qos", "tck-id-payloads-nbirth-retain", "tck-id-payloads-nbirth-timestamp",
     "tck-id-payloads-nbirth-seq", ""},
    {"tck-id-payloads-ndeath-will-message-qos", "tck-id-payloads-ndeath-will-message-retain", "",
     "tck-id-payloads-ndeath-seq", ""},
    {"tck-id-payloads-dbirth-qos", "tck-id-payloads-dbirth-retain", "tck-id-payloads-dbirth-timestamp",
     "tck-id-payloads-dbirth-seq", "tck-id-payloads-dbirth-seq-inc"},
    {"tck-id-topics-ddeath-mqtt", "tck-id-topics-ddeath-mqtt", "tck-id-payloads-ddeath-timestamp",
     "tck-id-payloads-ddeath-seq", "tck-id-payloads-ddeath-seq-inc"},
    {"tck-id-payloads-ndata-qos", "tck-id-payloads-ndata-retain", "tck-id-payloads-ndata-timestamp",
     "tck-id-payloads-ndata-seq", "tck-id-payloads-ndata-seq-inc"},
    {"tck-id-payloads-ddata-qos", "tck-id-payloads-ddata-retain", "tck-id-payloads-ddata-timestamp",
     "tck-id-payloads-ddata-seq", "tck-id-payloads-ddata-seq-inc"},
    {"tck-id-payloads-ncmd-qos", "tck-id-payloads-ncmd-retain", "tck-id-payloads-ncmd-timestamp", "", ""},
    {"tck-id-payloads-dcmd-qos", "tck-id-payloads-dcmd-retain", "tck-id-payloads-dcmd-timestamp", "", ""},
    {"tck-id-payloads-state-will-message-qos", "tck-id-payloads-state-will-message-retain", "", "", ""},
};

constexpr std::size_t map_entry_bytes = 96;  // beside the bytes of a name

// One message being read against what is known of its node.
class Reading {
 public:
  Reading(const SparkplugMessage& message, const SparkplugTopic& topic, SparkplugState::Node& node,
          std::vector<SparkplugFinding>& findings)
      : message_(message), topic_(topic), node_(node), findings_(findings) {}

  void take(const SparkplugPayload& payload);
  void check_delivery_flags();
  [[nodiscard]] std::string json(const SparkplugPayload& payload) const;

 private:
  void find(std::string_view statement, std::string text) { findings_.push_back({statement, std::move(text)}); }
  [[nodiscard]] std::string_view name() const { return sparkplug_type_name(topic_.type); }
  [[nodiscard]] const Statements& ids() const { return statements[static_cast<std::size_t>(topic_.type)]; }
  void check_fields(const SparkplugPayload& payload);
  void check_order();
  void check_sequence(std::uint64_t seq);
  void check_metrics(const SparkplugPayload& payload);
  void check_birth_metric(const SparkplugMetric& metric);
  void check_node_birth(const SparkplugPayload& payload);
  void check_death(const SparkplugPayload& payload);
  void remember(const SparkplugPayload& payload);
  [[nodiscard]] const SparkplugState::Birth* birth_of(const SparkplugMetric& metric) const;
  [[nodiscard]] std::optional<std::uint32_t> datatype_of(const SparkplugMetric& metric) const;
  [[nodiscard]] std::string key_of(std::string_view metric) const {
    return fmt::format("{}/{}", topic_.device, metric);
  }

  const SparkplugMessage& message_;
  const SparkplugTopic& topic_;
  SparkplugState::Node& node_;
  std::vector<SparkplugFinding>& findings_;
};

std::optional<std::uint64_t> birth_sequence(const SparkplugPayload& payload) {
  for (const SparkplugMetric& metric : payload.metrics) {
    if (metric.name == "bdSeq" && metric.value) return metric.value->value;
  }
  return std::nullopt;
}

void Reading::check_delivery_flags() {
  if (message_.is_delivery) return;
  const bool is_will_kind = topic_.type == SparkplugType::ndeath;
  const bool is_state = topic_.type == SparkplugType::state;
  const unsigned allowed = is_state || (is_will_kind && message_.is_will) ? 1 : 0;
  // An NDEATH that the node publishes itself, before it disconnects, may have any QoS.
  if (message_.qos != allowed && !(is_will_kind && !message_.is_will)) {
    find(ids().qos, fmt::format("{} has QoS {}; {} is allowed", name(), message_.qos, allowed));
  }
  if (message_.retain != is_state) {
    find(ids().retain,
         fmt::format("{} has RETAIN {}; {} is allowed", name(), message_.retain ? 1 : 0, is_state ? 1 : 0));
  }
}

void Reading::take(const SparkplugPayload& payload) {
  check_fields(payload);
  if (topic_.type == SparkplugType::ndeath) {
    check_death(payload);
    return;
  }
  if (topic_.type == SparkplugType::nbirth) {
    check_node_birth(payload);
    const auto will = node_.will_sequence;
    node_ = {};
    node_.will_sequence = will;
    node_.born = true;
    node_.birth_sequence = birth_sequence(payload);
  }
  check_order();
  if (payload.seq && !is_command(topic_.type)) check_sequence(*payload.seq);
  check_metrics(payload);
  if (is_birth(topic_.type)) remember(payload);
  if (topic_.type == SparkplugType::dbirth && node_.devices.size() < SparkplugState::max_metrics_per_node) {
    const auto device = node_.devices.insert_or_assign(std::string{topic_.device}, true);
    if (device.second) node_.name_bytes += topic_.device.size() + map_entry_bytes;
  }
  if (topic_.type != SparkplugType::ddeath) return;
  if (const auto device = node_.devices.find(topic_.device); device != node_.devices.end()) device->second = false;
}

void Reading::check_fields(const SparkplugPayload& payload) {
  if (!payload.timestamp && !ids().timestamp.empty()) find(ids().timestamp, fmt::format("{} has no timestamp", name()));
  const bool without = topic_.type == SparkplugType::ndeath;
  if (ids().seq.empty()) return;
  if (without && payload.seq) find(ids().seq, "NDEATH has a seq; it must have none");
  if (!without && !payload.seq) find(ids().seq, fmt::format("{} has no seq", name()));
  if (!without && payload.seq.value_or(0) > 255) {
    find("tck-id-payloads-sequence-num-incrementing", fmt::format("seq is {}; 255 is the highest", *payload.seq));
  }
}

void Reading::check_order() {
  if (!node_.born) return;
  const auto device = node_.devices.find(topic_.device);
  const bool device_born = device != node_.devices.end() && device->second;
  if (topic_.type == SparkplugType::ddata && !device_born) {
    find("tck-id-payloads-ddata-order", fmt::format("DDATA of device {}, which has no DBIRTH", topic_.device));
  }
}

void Reading::check_sequence(std::uint64_t seq) {
  const auto value = static_cast<std::uint8_t>(seq);
  const auto due =
      node_.last_seq ? std::optional<std::uint8_t>{static_cast<std::uint8_t>(*node_.last_seq + 1)} : std::nullopt;
  if (due && *due != value && topic_.type != SparkplugType::nbirth) {
    find(ids().seq_increments, fmt::format("seq is {} where {} is due", seq, *due));
  }
  node_.last_seq = value;
}

void Reading::check_node_birth(const SparkplugPayload& payload) {
  const auto sequence = birth_sequence(payload);
  if (!sequence) find("tck-id-payloads-nbirth-bdseq", "NBIRTH has no metric bdSeq");
  if (sequence && node_.will_sequence && *sequence != *node_.will_sequence) {
    find("tck-id-payloads-nbirth-bdseq-repeat",
         fmt::format("bdSeq is {}, that of the Will is {}", *sequence, *node_.will_sequence));
  }
  const bool has_rebirth = std::ranges::any_of(payload.metrics, [](const SparkplugMetric& metric) {
    return metric.name == "Node Control/Rebirth" && metric.datatype == 11U && metric.value && metric.value->value == 0;
  });
  if (!has_rebirth) {
    find("tck-id-payloads-nbirth-rebirth-req", "NBIRTH has no metric Node Control/Rebirth that is false");
  }
}

void Reading::check_death(const SparkplugPayload& payload) {
  const auto sequence = birth_sequence(payload);
  if (!sequence) {
    find("tck-id-payloads-ndeath-bdseq", "NDEATH has no metric bdSeq");
  } else if (!message_.is_will && node_.birth_sequence && *sequence != *node_.birth_sequence) {
    find("tck-id-payloads-ndeath-bdseq",
         fmt::format("bdSeq is {}, that of the NBIRTH is {}", *sequence, *node_.birth_sequence));
  }
  if (message_.is_will) {
    node_.will_sequence = sequence;
  } else {
    node_.born = false;
    node_.last_seq.reset();
    for (auto& [device, born] : node_.devices) born = false;
  }
}

const SparkplugState::Birth* Reading::birth_of(const SparkplugMetric& metric) const {
  if (!metric.alias) return nullptr;
  const auto found = node_.aliases.find(*metric.alias);
  return found == node_.aliases.end() ? nullptr : &found->second;
}

std::optional<std::uint32_t> Reading::datatype_of(const SparkplugMetric& metric) const {
  if (metric.datatype) return metric.datatype;
  if (const auto* birth = birth_of(metric)) return birth->datatype;
  const auto known = node_.types.find(key_of(metric.name.value_or("")));
  return known == node_.types.end() ? std::nullopt : std::optional{known->second};
}

void Reading::check_birth_metric(const SparkplugMetric& metric) {
  const std::string_view shown = metric.name.value_or("(without a name)");
  if (!metric.name) find("tck-id-payloads-name-requirement", fmt::format("a metric of {} has no name", name()));
  if (!metric.datatype) {
    find("tck-id-payloads-metric-datatype-req", fmt::format("metric {} of {} has no datatype", shown, name()));
  } else if (*metric.datatype == 0 || sparkplug_datatype_name(*metric.datatype).empty()) {
    find("tck-id-payloads-metric-datatype-value", fmt::format("metric {} has datatype {}", shown, *metric.datatype));
  }
}

void Reading::check_metrics(const SparkplugPayload& payload) {
  std::set<std::uint64_t> aliases;
  for (const SparkplugMetric& metric : payload.metrics) {
    if (is_birth(topic_.type)) {
      check_birth_metric(metric);
      const bool taken = metric.alias && topic_.type == SparkplugType::dbirth && birth_of(metric) != nullptr &&
                         birth_of(metric)->name != key_of(metric.name.value_or(""));
      const bool repeated = metric.alias && !aliases.insert(*metric.alias).second;
      if (taken || repeated) {
        find("tck-id-payloads-alias-uniqueness", fmt::format("alias {} stands for two metrics", *metric.alias));
      }
      continue;
    }
    if (!is_data(topic_.type) && !is_command(topic_.type)) continue;
    if (!metric.name && !metric.alias) {
      find("tck-id-payloads-name-requirement", fmt::format("a metric of {} has neither name nor alias", name()));
    }
    if (metric.name && metric.alias) {
      find("tck-id-payloads-alias-data-cmd-requirement",
           fmt::format("metric {} of {} has name and alias; the alias alone is allowed", *metric.name, name()));
    }
    if (metric.alias && node_.born && birth_of(metric) == nullptr) {
      find("", fmt::format("alias {} stands in no birth of this edge node", *metric.alias));
    }
  }
}

void Reading::remember(const SparkplugPayload& payload) {
  for (const SparkplugMetric& metric : payload.metrics) {
    if (!metric.name || node_.types.size() >= SparkplugState::max_metrics_per_node) continue;
    const std::string key = key_of(*metric.name);
    if (metric.datatype && node_.types.insert_or_assign(key, *metric.datatype).second) {
      node_.name_bytes += key.size() + map_entry_bytes;
    }
    if (metric.alias &&
        node_.aliases.insert_or_assign(*metric.alias, SparkplugState::Birth{key, metric.datatype}).second) {
      node_.name_bytes += key.size() + map_entry_bytes;
    }
  }
}

std::string Reading::json(const SparkplugPayload& payload) const {
  std::string out;
  ValueText to{out, Notation::json};
  const auto member = [&](std::string_view key, std::string_view value) {
    to.punctuation(out == "{" ? "\"" : ",\"");
    to.punctuation(key);
    to.punctuation("\":");
    to.text(is_utf8(as_bytes(value)) ? value : "(not UTF-8)");
  };
  const auto number = [&](std::string_view key, std::uint64_t value) {
    append_format(out, "{}\"{}\":{}", out.ends_with('{') ? "" : ",", key, value);
  };
  to.punctuation("{");
  member("type", name());
  if (!topic_.group.empty()) member("group", topic_.group);
  member("node", topic_.node);
  if (!topic_.device.empty()) member("device", topic_.device);
  if (payload.timestamp) number("timestamp", *payload.timestamp);
  if (payload.seq) number("seq", *payload.seq);
  if (payload.uuid) member("uuid", *payload.uuid);
  to.punctuation(",\"metrics\":[");
  for (const SparkplugMetric& metric : payload.metrics) {
    if (!out.ends_with('[')) to.punctuation(",");
    to.punctuation("{");
    const auto* birth = birth_of(metric);
    const auto text = [&](std::string_view key, std::string_view value) {
      to.punctuation(out.ends_with('{') ? "\"" : ",\"");
      to.punctuation(key);
      to.punctuation("\":");
      to.text(is_utf8(as_bytes(value)) ? value : "(not UTF-8)");
    };
    if (metric.name) {
      text("name", *metric.name);
    } else if (birth != nullptr) {
      text("name", std::string_view{birth->name}.substr(birth->name.find('/') + 1));
    }
    if (metric.alias) number("alias", *metric.alias);
    const auto datatype = datatype_of(metric);
    if (datatype && !sparkplug_datatype_name(*datatype).empty()) text("type", sparkplug_datatype_name(*datatype));
    if (metric.timestamp) number("timestamp", *metric.timestamp);
    if (metric.is_historical) to.punctuation(",\"historical\":true");
    if (metric.is_transient) to.punctuation(",\"transient\":true");
    to.punctuation(out.ends_with('{') ? "\"value\":" : ",\"value\":");
    append_sparkplug_value(out, metric, datatype);
    to.punctuation("}");
  }
  to.punctuation("]}");
  return out;
}

}  // namespace

SparkplugReading SparkplugState::take(const SparkplugMessage& message) {
  SparkplugReading result;
  const auto topic = parse_sparkplug_topic(message.topic);
  if (!topic) {
    result.error = topic.error();
    return result;
  }
  Node unknown;
  const std::string key = fmt::format("{}/{}", topic->group, topic->node);
  auto found = nodes_.find(key);
  if (found == nodes_.end() && nodes_.size() < max_nodes) {
    found = nodes_.try_emplace(key).first;
    held_bytes_ += key.size() + sizeof(*found) + map_entry_bytes;
  }
  Node& node = found == nodes_.end() ? unknown : found->second;
  Reading reading{message, *topic, node, result.findings};
  reading.check_delivery_flags();
  if (topic->type == SparkplugType::state) return result;
  const auto payload = parse_sparkplug(message.payload);
  if (!payload) {
    result.error = payload.error().text();
    return result;
  }
  const std::size_t names_before = node.name_bytes;
  reading.take(*payload);
  if (&node != &unknown) held_bytes_ += node.name_bytes - names_before;
  result.json = reading.json(*payload);
  return result;
}

}  // namespace mqtk
