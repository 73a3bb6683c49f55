// A capture file, block by block, to the viewer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "capture/capture_decoder.hpp"
#include "cli/capture_view.hpp"
#include "cli/packet_viewer.hpp"
#include "inspect/net_tls_crypto.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

class CaptureInspection {
 public:
  CaptureInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name);

  // False when the file is damaged and nothing more can be read.
  [[nodiscard]] bool feed(std::string_view block);
  // Frames that come from elsewhere than a capture file.
  [[nodiscard]] CaptureDecoder& decoder() { return decoder_; }
  void finish();

 private:
  [[nodiscard]] bool drain();
  void take_secrets();
  void tell_counts();

  cli::PacketViewer& viewer_;
  std::string source_name_;
  cli::CaptureView view_;
  PcapReader reader_;
  NetTlsCrypto crypto_;
  TlsSecrets tls_;
  bool dropping_told_ = false;
  CaptureDecoder decoder_;
};

}  // namespace mqtk::inspect
