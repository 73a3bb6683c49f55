// What Sparkplug messages mean together: names and types of aliases, who is online, sequence numbers.
//
// Messages are given in the order in which they were sent. Of an edge node whose birth was not seen nothing is known,
// and so nothing about it is held to be wrong that its birth could explain.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payload/sparkplug.hpp"

namespace mqtk {

struct SparkplugMessage {
  std::string_view topic;
  Bytes payload;
  unsigned qos = 0;
  bool retain = false;
  bool is_will = false;      // as registered in CONNECT, not as published
  bool is_delivery = false;  // on its way to a subscriber: QoS and RETAIN are the subscription's
};

struct SparkplugFinding {
  std::string_view statement;  // "tck-id-payloads-ndata-qos"; empty where no numbered statement says it
  std::string message;         // "NDATA is published at QoS 1; 0 is allowed"
};

struct SparkplugReading {
  std::string json;   // {"type":"NDATA","group":…,"metrics":[{"name":…,"type":…,"value":…}]}; empty if unreadable
  std::string error;  // why it is unreadable
  std::vector<SparkplugFinding> findings;
};

class SparkplugState {
 public:
  // More nodes or names than this are not remembered.
  static constexpr std::size_t max_nodes = 4096;
  static constexpr std::size_t max_metrics_per_node = 16U * 1024;

  [[nodiscard]] SparkplugReading take(const SparkplugMessage& message);
  // Memory that all names take, about.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  struct Birth {  // of one metric
    std::string name;
    std::optional<std::uint32_t> datatype;
  };
  struct Node {
    bool born = false;
    std::optional<std::uint8_t> last_seq;
    std::optional<std::uint64_t> birth_sequence;              // bdSeq of the NBIRTH
    std::optional<std::uint64_t> will_sequence;               // bdSeq of the NDEATH in CONNECT
    std::map<std::uint64_t, Birth> aliases;                   // of node and devices
    std::map<std::string, std::uint32_t, std::less<>> types;  // by "device/name"
    std::map<std::string, bool, std::less<>> devices;         // born or not
    std::size_t name_bytes = 0;                               // that the maps take, about
  };

 private:
  std::map<std::string, Node, std::less<>> nodes_;  // by "group/node"
  std::size_t held_bytes_ = 0;
};

}  // namespace mqtk
