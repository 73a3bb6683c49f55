// A packet of a stream to the record that views show: fields, notes and problems.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/flow_check.hpp"
#include "capture/packet_record.hpp"
#include "capture/packet_stream.hpp"
#include "codec/codec.hpp"

namespace mqtk {

enum class Notes : std::uint8_t {
  when_needed,  // only for packets with problems: quick
  always,
};

class PacketDecoder {
 public:
  explicit PacketDecoder(Notes notes) : notes_(notes) {}
  // From now on records show '*' for signatures of shared access, in their bytes, too.
  void hide_signatures() { hides_signatures_ = true; }

  // Not for skipped bytes. What the record points at lives until the next call, and as long as the bytes.
  [[nodiscard]] PacketRecord& decode(const PacketStream::Item& item);
  // Adds what the flow of the connection shows to the record of the last decode().
  void add(std::span<const FlowProblem> problems);

 private:
  void annotate_last();

  Notes notes_;
  bool hides_signatures_ = false;
  std::vector<std::uint8_t> hidden_;  // the packet without its signatures
  PacketStream::Item::State state_{};
  CodecContext context_;
  PacketRecord record_;
  Packet packet_;
  Annotated annotated_;
  bool is_annotated_ = false;
  std::vector<std::uint8_t> copy_;
};

}  // namespace mqtk
