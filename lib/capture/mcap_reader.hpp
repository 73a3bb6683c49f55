// Messages of an MCAP file, ours or another's: by the index where there is one, else record by record.
//
// A damaged chunk costs its messages and no others. A file that was never finished is read as far as it goes.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "capture/byte_source.hpp"
#include "capture/mcap_chunk_loader.hpp"
#include "capture/mcap_read_ahead.hpp"
#include "capture/mcap_summary.hpp"
#include "capture/recording_reader.hpp"
#include "codec/packet.hpp"

namespace mqtk {

class McapReader final : public RecordingReader {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<McapReader>, std::string> open(std::unique_ptr<ByteSource> source);

  [[nodiscard]] State next(MessageRecord& message) override;
  void want(const TimeRange& range) override { wanted_ = range; }
  // Loads the next chunks in a thread of its own while this one is handed out: for whoever reads as fast as he can.
  // Only where there is an index; costs the memory of three chunks.
  void read_ahead();

  // Null for a file that was not finished.
  [[nodiscard]] const McapSummary* summary() const { return summary_ ? &*summary_ : nullptr; }
  [[nodiscard]] const McapChannels& channels() const { return channels_; }
  // Of the recording as a whole, from the file's head; empty for files of others.
  [[nodiscard]] mcap::Metadata recording_metadata();
  [[nodiscard]] const McapHeader& header() const { return header_; }

 private:
  explicit McapReader(std::unique_ptr<ByteSource> source);

  // A state to hand out, or nothing: look for more.
  [[nodiscard]] std::optional<State> take_record(MessageRecord& message);
  [[nodiscard]] std::optional<State> take_message(Bytes content, MessageRecord& message);
  [[nodiscard]] std::optional<State> fill(const McapChannel& channel, Bytes data, MessageRecord& message);
  [[nodiscard]] std::optional<State> next_chunk();
  [[nodiscard]] std::optional<State> next_indexed();
  [[nodiscard]] std::optional<State> next_scanned();
  [[nodiscard]] std::expected<Bytes, std::string> load_indexed(std::size_t index);
  void ask_ahead();
  [[nodiscard]] std::optional<State> take_chunk(const std::expected<Bytes, std::string>& records);
  [[nodiscard]] bool is_wanted(const McapChunk& chunk) const;
  [[nodiscard]] State fail(std::uint64_t offset, std::string_view what);

  std::unique_ptr<ByteSource> source_;
  McapHeader header_;
  McapChannels channels_;
  std::optional<McapSummary> summary_;
  bool indexed_ = false;
  TimeRange wanted_;

  std::size_t next_chunk_ = 0;  // indexed
  std::uint64_t offset_ = 0;    // of the next record, scanned
  bool ended_ = false;

  McapChunkLoader loader_;
  Bytes records_;  // what is left of the open chunk
  std::uint64_t chunk_offset_ = 0;

  struct Pending {
    std::uint32_t sequence = 0;
    std::uint64_t time = 0;
    mcap::Attributes attributes;
  };
  std::optional<Pending> pending_;  // attributes of the message that follows
  PropertyWriter properties_;       // of the message handed out, if it has attributes
  std::string client_;              // likewise
  Packet packet_;

  std::size_t next_ahead_ = 0;            // the first chunk that was not asked for
  std::unique_ptr<McapReadAhead> ahead_;  // null: nothing is read ahead
};

}  // namespace mqtk
