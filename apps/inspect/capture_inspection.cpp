#include "inspect/capture_inspection.hpp"

#include <fmt/format.h>

#include "capture/packet_text.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;

CaptureInspection::CaptureInspection(Viewer& viewer, std::string source_name, std::optional<Version> version)
    : viewer_(viewer),
      source_name_(std::move(source_name)),
      decoder_(*this, viewer.wants_notes() ? Notes::always : Notes::when_needed, version),
      earlier_streams_(viewer.streams) {}

bool CaptureInspection::feed(std::string_view block) {
  std::vector<std::uint8_t>& buffer = reader_.feed_buffer();
  const Bytes bytes = as_bytes(block);
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  return drain();
}

bool CaptureInspection::drain() {
  while (const auto frame = reader_.next()) {
    if (viewer_.ended()) return false;
    decoder_.take(*frame);
  }
  if (!reader_.fault()) return true;
  viewer_.complain(source_name_, *reader_.fault(), ExitStatus::malformed_input);
  return false;
}

void CaptureInspection::finish() {
  if (!reader_.fault()) {
    reader_.finish();
    static_cast<void>(drain());
  }
  decoder_.finish();
  tell_counts();
}

// What was in the capture and could not be shown.
void CaptureInspection::tell_counts() {
  const CaptureCounts& counts = decoder_.counts();
  const auto tell = [&](std::uint64_t count, std::string_view one, std::string_view several, std::string_view what) {
    if (count == 0) return;
    viewer_.complain(source_name_, fmt::format("{} {} {}", count, count == 1 ? one : several, what), ExitStatus::done);
  };
  tell(counts.tls_connections, "connection uses TLS", "connections use TLS", "and cannot be read");
  tell(counts.fragments, "IP fragment was", "IP fragments were", "left out");
  tell(counts.damaged_frames, "frame is", "frames are", "cut off or damaged");
  if (counts.connections == 0 && counts.frames > 0) {
    viewer_.complain(
        source_name_,
        fmt::format("no MQTT found in {} frame{} and {} other TCP connection{}", counts.frames,
                    counts.frames == 1 ? "" : "s", counts.other_connections, counts.other_connections == 1 ? "" : "s"),
        ExitStatus::done);
  }
}

void CaptureInspection::packet(const PacketRecord& record, const FlowCheck& flow) {
  if (earlier_streams_ == 0) {
    viewer_.show(record, &flow);
    return;
  }
  PacketRecord numbered = record;
  numbered.stream += earlier_streams_;
  viewer_.show(numbered, &flow);
}

void CaptureInspection::notice(std::uint64_t stream, Role sender, std::optional<WallTime> time,
                               const std::string& text) {
  std::string line = fmt::format("stream {}", stream + earlier_streams_);
  if (sender != Role::unknown) line.append(", ").append(direction_text(sender));
  if (time) line.append(", ").append(rfc3339(*time));
  viewer_.complain(source_name_, line + ": " + text, ExitStatus::done);
}

void CaptureInspection::connection_problem(std::uint64_t stream, Rule rule) {
  const std::string_view id = statement(rule, Version::v5);
  viewer_.complain(source_name_,
                   fmt::format("stream {}: {}{}", stream + earlier_streams_, rule_info(rule).text,
                               id.empty() ? "" : fmt::format(" [{}]", id)),
                   ExitStatus::malformed_input);
  viewer_.count_problem();
}

void CaptureInspection::opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) {
  viewer_.streams = earlier_streams_ + stream;
  if (viewer_.written() != nullptr) viewer_.written()->describe(stream + earlier_streams_, ends, client);
}

void CaptureInspection::closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client,
                               const TcpCounts& server, const FlowCheck& flow, std::optional<WallTime> time) {
  viewer_.statistics().closed(stream + earlier_streams_, end, client, server, flow, time);
}

}  // namespace mqtk::inspect
