// Lines of text to the hex of packets in them, to the viewer: --find-hex.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inspect/byte_inspection.hpp"

namespace mqtk::inspect {

class LogInspection {
 public:
  // What a longer line has behind this is not looked at.
  static constexpr std::size_t max_line_bytes = 1024UL * 1024;

  LogInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name)
      : viewer_(viewer), options_(options), source_name_(std::move(source_name)) {}

  [[nodiscard]] bool feed(std::string_view block);
  void finish();

 private:
  void take_line(std::string_view line);

  cli::PacketViewer& viewer_;
  const Options& options_;
  std::string source_name_;
  std::string partial_;
  std::uint64_t line_ = 0;
  std::uint64_t found_ = 0;
};

}  // namespace mqtk::inspect
