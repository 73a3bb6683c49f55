// Hex text or raw bytes, block by block, to the viewer: one stream of packets, of one direction or of both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/hex_input.hpp"
#include "capture/packet_decoder.hpp"
#include "capture/packet_stream.hpp"
#include "cli/packet_viewer.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

class ByteInspection {
 public:
  // Without a form the text is the bytes themselves.
  ByteInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name,
                 std::optional<HexForm> form);

  // False when the text is damaged; what came before the damage has been shown.
  [[nodiscard]] bool feed(std::string_view block);
  void finish();

 private:
  void show_packets();
  void show(const PacketStream::Item& item);
  void tell_form();
  void tell_version();

  cli::PacketViewer& viewer_;
  const Options& options_;
  std::string source_name_;
  std::optional<HexInput> hex_;
  PacketStream stream_;
  PacketDecoder decoder_;
  std::uint64_t number_;  // of the stream
  bool form_told_ = false;
  bool version_told_ = false;
  bool failed_ = false;
};

}  // namespace mqtk::inspect
