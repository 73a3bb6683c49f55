#include "cli/capture_view.hpp"

#include <fmt/format.h>

#include "capture/packet_text.hpp"

namespace mqtk::cli {

void CaptureView::packet(const PacketRecord& record, const FlowCheck& flow) {
  if (earlier_streams_ == 0) {
    viewer_.show(record, &flow);
    return;
  }
  PacketRecord numbered = record;
  numbered.stream += earlier_streams_;
  viewer_.show(numbered, &flow);
}

void CaptureView::notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) {
  std::string line = fmt::format("stream {}", stream + earlier_streams_);
  if (sender != Role::unknown) line.append(", ").append(direction_text(sender));
  if (time) line.append(", ").append(rfc3339(*time));
  viewer_.complain(source_name_, line + ": " + text, ExitStatus::done);
}

void CaptureView::connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) {
  const std::string_view id = statement(rule, version);
  const bool is_advice = rule_info(rule).rule_class == RuleClass::advice;
  const ExitStatus status = is_advice ? ExitStatus::done : ExitStatus::malformed_input;
  viewer_.complain(source_name_,
                   fmt::format("stream {}: {}{}{}", stream + earlier_streams_, rule_info(rule).text,
                               detail.empty() ? "" : ": " + detail, id.empty() ? "" : fmt::format(" [{}]", id)),
                   status);
  viewer_.count_problem(status);
}

void CaptureView::opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) {
  viewer_.streams = earlier_streams_ + stream;
  if (viewer_.written() != nullptr) viewer_.written()->describe(stream + earlier_streams_, ends, client);
}

void CaptureView::closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
                         const FlowCheck& flow, std::optional<WallTime> time) {
  viewer_.statistics().closed(stream + earlier_streams_, end, client, server, flow, time);
  viewer_.forget(stream + earlier_streams_);
  if (viewer_.written() == nullptr || file_end_ == FileEnd::told_by_caller) return;
  viewer_.written()->forget(stream + earlier_streams_);
}

}  // namespace mqtk::cli
