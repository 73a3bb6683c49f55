// A recording of messages to the viewer: each as the PUBLISH packet that a subscriber would have received.
#pragma once

#include <cstdint>
#include <string>

#include "capture/packet_decoder.hpp"
#include "capture/rebuilt_publish.hpp"
#include "cli/packet_viewer.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

class RecordingInspection {
 public:
  // Whether the file is an MCAP file, or by its name JSON Lines, with a message on the first line.
  [[nodiscard]] static bool recognizes(const std::string& path);

  RecordingInspection(cli::PacketViewer& viewer, const Options& options, std::string path);
  // "-" is standard input, in JSON Lines.
  void run();

 private:
  void show(const MessageRecord& message);

  cli::PacketViewer& viewer_;
  const Options& options_;
  std::string path_;
  RebuiltPublish rebuilt_;
  PacketDecoder decoder_;
  std::uint64_t offset_ = 0;  // of the packet in the stream that the packets make
};

}  // namespace mqtk::inspect
