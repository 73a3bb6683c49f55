// What a CaptureDecoder finds, to the viewer.
#pragma once

#include <cstdint>
#include <string>

#include "capture/capture_decoder.hpp"
#include "cli/packet_viewer.hpp"

namespace mqtk::cli {

class CaptureView final : public CaptureListener {
 public:
  // Of a stream in the file of --write.
  enum class FileEnd : std::uint8_t {
    left_open,       // the file does not tell it
    told_by_caller,  // who knows more of it than a capture does
  };

  // Streams are numbered behind those that `viewer` has seen. `source_name` stands before notices; may be empty.
  CaptureView(PacketViewer& viewer, std::string source_name, FileEnd file_end = FileEnd::left_open)
      : viewer_(viewer), source_name_(std::move(source_name)), file_end_(file_end), earlier_streams_(viewer.streams) {}

  void packet(const PacketRecord& record, const FlowCheck& flow) override;
  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override;
  void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) override;
  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override;
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override;

 private:
  PacketViewer& viewer_;
  std::string source_name_;
  FileEnd file_end_;
  std::uint64_t earlier_streams_;  // of the sources before this one
};

}  // namespace mqtk::cli
