// Hex dumps of captured packets, as Wireshark, tshark and tcpdump print them, to the viewer.
//
// Whether the dumps begin with Ethernet, with IP or with MQTT itself is found by the first of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/hex_input.hpp"
#include "inspect/byte_inspection.hpp"
#include "inspect/capture_inspection.hpp"

namespace mqtk::inspect {

class FrameTextInspection {
 public:
  // Memory that the bytes of one dump may take.
  static constexpr std::size_t max_frame_bytes = 1024UL * 1024;

  FrameTextInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name, HexForm form);

  // False when the text is damaged; what came before the damage has been shown.
  [[nodiscard]] bool feed(std::string_view block);
  void finish();

 private:
  enum class Layer : std::uint8_t { unknown, ethernet, ip, mqtt };

  void take_whole_frames(bool ended);
  void take_frame(Bytes frame);
  [[nodiscard]] static Layer layer_of(Bytes frame);

  cli::PacketViewer& viewer_;
  const Options& options_;
  std::string source_name_;
  HexInput hex_;
  Layer layer_ = Layer::unknown;
  std::vector<std::uint8_t> bytes_;
  std::uint64_t taken_ = 0;       // bytes of frames before those in bytes_
  std::size_t starts_taken_ = 0;  // of hex_.starts()
  std::optional<CaptureInspection> capture_;
  std::optional<ByteInspection> stream_;
  bool failed_ = false;
};

}  // namespace mqtk::inspect
