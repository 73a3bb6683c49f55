// MQTT messages as an MCAP file: chunks with an index each, a summary at the end.
//
// A chunk is closed when it is full or when the caller says so, and only then stands in output(): that is all that a
// crash can cost. Memory does not grow with the file but for the channels, 60,000 at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/byte_spool.hpp"
#include "capture/compression.hpp"
#include "capture/mcap_format.hpp"
#include "capture/mcap_mapping.hpp"
#include "capture/recording_writer.hpp"

namespace mqtk {

struct McapOptions {
  std::string library = {};      // who writes: "mqtk 0.1.0"
  mcap::Metadata metadata = {};  // of the recording: broker, subscriptions, clocks; a record named `mqtt`
  std::string spool_folder = ".";
  std::size_t chunk_bytes = std::size_t{1024} * 1024;  // before compression
  std::optional<int> zstd_level = 1;                   // nothing: not compressed
  std::uint32_t topic_channels = 60'000;               // beyond that messages go to the overflow channel
};

class McapWriter final : public RecordingWriter {
 public:
  explicit McapWriter(McapOptions options);

  void append(const MessageRecord& message) override;
  [[nodiscard]] bool has_open_chunk() const override { return !records_.empty(); }
  void close_chunk() override;
  [[nodiscard]] bool finish() override;
  // Then only finish() may follow.
  std::uint64_t revoke_output() override;

  // A metadata record named `mqtt.NAME`, before finish(). Closes the chunk.
  void append_metadata(std::string_view name, const mcap::Metadata& pairs);

  // The summary cannot be complete: what waited for it in a file was lost.
  [[nodiscard]] std::error_code error() const { return spool_.error(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  static constexpr std::uint32_t none = 0xFFFF'FFFF;
  struct Channel {
    std::uint64_t messages = 0;
    std::uint32_t in_chunk = 0;
    std::uint32_t first = none;  // of its entries in this chunk
    std::uint32_t last = none;
    bool defined = false;
  };
  struct Entry {
    std::uint64_t time;
    std::uint64_t offset;  // in the chunk
    std::uint32_t next;    // of the same channel
  };
  struct OutputStart {  // what revoke_output() goes back to
    std::uint64_t spooled = 0;
    std::uint32_t chunks = 0;
    std::uint32_t metadata_count = 0;
    std::size_t metadata_bytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t first_time = 0;
    std::uint64_t last_time = 0;
    std::vector<std::pair<std::uint16_t, std::uint32_t>> counts;
  };

  [[nodiscard]] std::uint16_t channel_for(const MessageRecord& message);
  enum class Schema : std::uint16_t { none = 0, sparkplug = 1 };  // identifiers in the file
  void define(std::uint16_t id, std::string_view topic, std::string_view encoding, const mcap::Metadata& pairs,
              Schema schema = Schema::none);
  void define_sparkplug_schema();
  std::uint8_t* add_message(std::uint16_t channel, std::uint64_t time, std::size_t data_bytes);
  void append_overflow(const MessageRecord& message, std::uint64_t time);
  void begin_output();
  void append_chunk_record(std::uint64_t first_time, std::uint64_t last_time);
  void append_indexes();
  void append_statistics();
  void append_summary_offset(mcap::Opcode opcode, std::uint64_t start, std::uint64_t end);
  void begin_summary();
  void end_summary();

  McapOptions options_;
  std::optional<Compressor> compressor_;
  ByteSpool spool_;  // Chunk Index records
  std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>> ids_;
  std::vector<Channel> channels_;  // by identifier
  GrowingBytes schema_records_;    // for the summary
  GrowingBytes channel_records_;   // likewise
  GrowingBytes metadata_indexes_;

  GrowingBytes records_;  // of the open chunk
  std::vector<Entry> entries_;
  std::vector<std::uint16_t> touched_;  // channels of the open chunk
  std::uint64_t chunk_first_time_ = 0;
  std::uint64_t chunk_last_time_ = 0;
  GrowingBytes index_offsets_;
  std::string key_;
  std::string attributes_;

  std::uint32_t sequence_ = 0;
  std::uint32_t metadata_count_ = 0;
  std::uint32_t chunks_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t first_time_ = 0;
  std::uint64_t last_time_ = 0;
  OutputStart before_;

  enum class Stage : std::uint8_t { open, chunk_indexes, done };
  Stage stage_ = Stage::open;
  std::uint64_t spooled_ = 0;  // bytes of the spool that are written
  std::uint64_t summary_start_ = 0;
  std::uint64_t channels_start_ = 0;
  std::uint64_t statistics_start_ = 0;
  std::uint64_t chunk_indexes_start_ = 0;
  std::uint32_t summary_crc_ = 0;
};

}  // namespace mqtk
