// A capture file, block by block, to the viewer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/capture_decoder.hpp"
#include "inspect/viewer.hpp"

namespace mqtk::inspect {

class CaptureInspection : private CaptureListener {
 public:
  CaptureInspection(Viewer& viewer, std::string source_name, std::optional<Version> version);

  // False when the file is damaged and nothing more can be read.
  [[nodiscard]] bool feed(std::string_view block);
  // Frames that come from elsewhere than a capture file.
  [[nodiscard]] CaptureDecoder& decoder() { return decoder_; }
  void finish();

 private:
  void packet(const PacketRecord& record, const FlowCheck& flow) override;
  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override;
  void connection_problem(std::uint64_t stream, Rule rule) override;
  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override;
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override;
  [[nodiscard]] bool drain();
  void tell_counts();

  Viewer& viewer_;
  std::string source_name_;
  PcapReader reader_;
  CaptureDecoder decoder_;
  std::uint64_t earlier_streams_;  // of the sources before this one
};

}  // namespace mqtk::inspect
