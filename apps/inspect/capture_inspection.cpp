#include "inspect/capture_inspection.hpp"

#include <fmt/format.h>

#include <utility>

namespace mqtk::inspect {

using cli::ExitStatus;

CaptureInspection::CaptureInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name)
    : viewer_(viewer),
      source_name_(std::move(source_name)),
      view_(viewer, source_name_),
      decoder_(view_, viewer.wants_notes() ? Notes::always : Notes::when_needed, options.version, &tls_) {
  tls_.crypto = &crypto_;
  if (!options.viewing.show_secrets) decoder_.hide_signatures();
  static_cast<void>(tls_.log.add(options.key_log));
}

bool CaptureInspection::feed(std::string_view block) {
  std::vector<std::uint8_t>& buffer = reader_.feed_buffer();
  const Bytes bytes = as_bytes(block);
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  return drain();
}

bool CaptureInspection::drain() {
  while (const auto frame = reader_.next()) {
    if (viewer_.ended()) return false;
    take_secrets();
    decoder_.take(*frame);
  }
  take_secrets();  // of which a file may have many without a frame between them
  if (!reader_.fault()) return true;
  viewer_.complain(source_name_, *reader_.fault(), ExitStatus::malformed_input);
  return false;
}

void CaptureInspection::take_secrets() {
  if (tls_.log.add_captured(reader_.take_key_log()) || std::exchange(dropping_told_, true)) return;
  viewer_.complain(
      source_name_,
      fmt::format("it carries more than {} MiB of TLS secrets: those of the first connections were dropped",
                  TlsKeyLog::max_captured_bytes / 1024 / 1024),
      ExitStatus::done);
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
  tell(counts.tls_connections, "connection uses TLS", "connections use TLS",
       tls_.log.empty() ? "and cannot be read without the secrets: --keylog FILE" : "and cannot be read");
  for (const auto& [why, count] : counts.tls_faults) {
    viewer_.complain(source_name_, fmt::format("{} of them: {}", count, why), ExitStatus::done);
  }
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

}  // namespace mqtk::inspect
