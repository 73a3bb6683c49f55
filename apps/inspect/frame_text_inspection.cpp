#include "inspect/frame_text_inspection.hpp"

#include <fmt/format.h>

#include "capture/tcp_segment.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;

FrameTextInspection::FrameTextInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name,
                                         HexForm form)
    : viewer_(viewer), options_(options), source_name_(std::move(source_name)), hex_(form) {
  if (options.input_format == InputFormat::automatic) {
    viewer_.complain(source_name_, fmt::format("read as {}", hex_form_name(form)), ExitStatus::done);
  }
}

bool FrameTextInspection::feed(std::string_view block) {
  if (const auto failed = hex_.feed(block, bytes_)) {
    viewer_.complain(source_name_, failed->text(), ExitStatus::malformed_input);
    failed_ = true;
  }
  take_whole_frames(false);
  if (bytes_.size() > max_frame_bytes && layer_ != Layer::mqtt) {
    viewer_.complain(source_name_, "one dump is longer than any captured packet", ExitStatus::malformed_input);
    bytes_.clear();
    failed_ = true;
  }
  return !failed_;
}

void FrameTextInspection::finish() {
  if (!failed_) {
    if (const auto failed = hex_.finish(bytes_)) {
      viewer_.complain(source_name_, failed->text(), ExitStatus::malformed_input);
    }
  }
  take_whole_frames(true);
  if (capture_) capture_->finish();
  if (stream_) stream_->finish();
}

// A frame is whole when the next one has begun.
void FrameTextInspection::take_whole_frames(bool ended) {
  const std::vector<std::uint64_t>& starts = hex_.starts();
  std::size_t done = 0;
  for (; starts_taken_ < starts.size() && (ended || starts_taken_ + 1 < starts.size()); ++starts_taken_) {
    const auto from = static_cast<std::size_t>(starts[starts_taken_] - taken_);
    const auto end = starts_taken_ + 1 < starts.size() ? static_cast<std::size_t>(starts[starts_taken_ + 1] - taken_)
                                                       : bytes_.size();
    if (end > bytes_.size() || from > end) break;
    take_frame(Bytes{bytes_}.subspan(from, end - from));
    done = end;
  }
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(done));
  taken_ += done;
}

FrameTextInspection::Layer FrameTextInspection::layer_of(Bytes frame) {
  const auto is_network = [](Segment::Kind kind) {
    return kind != Segment::Kind::none && kind != Segment::Kind::damaged;
  };
  if (is_network(read_segment(link_type::ethernet, frame).kind)) return Layer::ethernet;
  return is_network(read_ip_segment(frame).kind) ? Layer::ip : Layer::mqtt;
}

void FrameTextInspection::take_frame(Bytes frame) {
  if (layer_ == Layer::unknown) {
    layer_ = layer_of(frame);
    if (layer_ == Layer::mqtt) {
      viewer_.start_source(cli::View::annotated);
      stream_.emplace(viewer_, options_, source_name_, std::nullopt);
    } else {
      viewer_.start_source(cli::View::line);
      capture_.emplace(viewer_, options_, source_name_);
    }
  }
  if (stream_) {
    static_cast<void>(stream_->feed(as_text(frame)));
  } else {
    const std::uint32_t link = layer_ == Layer::ethernet ? link_type::ethernet : link_type::raw_ip;
    capture_->decoder().take(CapturedFrame{.time = {}, .link_type = link, .bytes = frame});
  }
}

}  // namespace mqtk::inspect
