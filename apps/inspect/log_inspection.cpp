#include "inspect/log_inspection.hpp"

#include <fmt/format.h>

#include "inspect/found_hex.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;

bool LogInspection::feed(std::string_view block) {
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    const std::string_view piece = block.substr(0, end);
    if (partial_.size() < max_line_bytes) partial_ += piece.substr(0, max_line_bytes - partial_.size());
    if (end == std::string_view::npos) break;
    take_line(partial_);
    partial_.clear();
    block.remove_prefix(end + 1);
  }
  return true;
}

void LogInspection::finish() {
  if (!partial_.empty()) take_line(partial_);
  if (found_ == 0) viewer_.complain(source_name_, "no hex of packets found", ExitStatus::done);
}

void LogInspection::take_line(std::string_view line) {
  ++line_;
  for (const std::string& hex : find_hex(line)) {
    ++found_;
    viewer_.complain(source_name_, fmt::format("line {}: stream {}", line_, viewer_.streams + 1), ExitStatus::done);
    ByteInspection input{viewer_, options_, source_name_, HexForm::plain};
    if (input.feed(hex)) input.finish();
  }
}

}  // namespace mqtk::inspect
