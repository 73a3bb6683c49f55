// What the end of an MCAP file says of it, read without reading the messages.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "capture/byte_source.hpp"
#include "capture/mcap_mapping.hpp"

namespace mqtk {

struct McapChunk {
  std::uint64_t first_time = 0;  // nanoseconds since 1970
  std::uint64_t last_time = 0;
  std::uint64_t offset = 0;  // of the record
  std::uint64_t length = 0;
  std::uint64_t compressed = 0;
  std::uint64_t uncompressed = 0;
};

struct McapChannel {
  enum class Kind : std::uint8_t { topic, attributes, overflow };
  Kind kind = Kind::topic;
  mcap::TopicChannel mapped;
  bool valid_topic = true;  // messages of a channel whose topic is none of MQTT cannot be handed out
  bool reported = false;
};

// The channels of a file by identifier. Their texts together stay below a limit, whatever the file says.
class McapChannels {
 public:
  // Takes a Channel record without its head; false if it is damaged or too large. `ours`: the file has our profile.
  [[nodiscard]] bool define(Bytes record, bool ours);
  [[nodiscard]] McapChannel* find(std::uint16_t id) { return id < by_id_.size() ? by_id_[id].get() : nullptr; }
  template <class Each>
  void for_each(Each each) const {
    for (std::size_t id = 0; id < by_id_.size(); ++id) {
      if (by_id_[id] != nullptr) each(static_cast<std::uint16_t>(id), *by_id_[id]);
    }
  }

 private:
  static constexpr std::size_t longest_texts = std::size_t{256} * 1024 * 1024;
  std::vector<std::unique_ptr<McapChannel>> by_id_;
  std::size_t texts_ = 0;
};

struct McapMetadata {
  std::string name;
  mcap::Metadata pairs;
};

struct McapSummary {
  std::string profile;
  std::string library;
  std::uint64_t messages = 0;  // of all channels
  std::uint64_t first_time = 0;
  std::uint64_t last_time = 0;
  std::unordered_map<std::uint16_t, std::uint64_t> channel_messages = {};
  std::vector<McapChunk> chunks = {};
  std::vector<McapMetadata> metadata = {};
};

// A Metadata record without its head; nothing if it is damaged.
[[nodiscard]] std::optional<McapMetadata> parse_mcap_metadata(Bytes record);

// The summary of a whole file; nothing where the file has none or a damaged one: then only reading all of it helps.
[[nodiscard]] std::optional<McapSummary> read_mcap_summary(ByteSource& source, McapChannels& channels);

// The first record, or why this is no MCAP file.
struct McapHeader {
  std::string profile;
  std::string library;
  std::uint64_t end = 0;  // offset of the record behind
};
[[nodiscard]] std::expected<McapHeader, std::string> read_mcap_header(ByteSource& source);

}  // namespace mqtk
