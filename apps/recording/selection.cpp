#include "recording/selection.hpp"

#include "capture/mcap_reader.hpp"
#include "cli/output.hpp"

namespace mqtk::recording {

Selection::Selection(const Options& options, std::vector<NamedReader> readers) : options_(&options) {
  if (auto* mcap = dynamic_cast<McapReader*>(readers.front().reader.get())) metadata_ = mcap->recording_metadata();
  reader_ = std::make_unique<MergedReader>(std::move(readers));
  // Moments need no first message to count from: the index can be used from the start.
  if (!options.from.after_start && !options.to.after_start) {
    range_ = TimeRange{options.from.moment, options.to.moment};
    reader_->want(*range_);
  }
}

std::optional<Selection> Selection::open(const Options& options, const std::vector<std::string>& files) {
  std::vector<NamedReader> readers;
  for (const std::string& path : files) {
    auto reader = cli::open_recording(path, options.input);
    if (!reader) {
      cli::report_usage(reader.error());
      return std::nullopt;
    }
    readers.push_back({path, std::move(*reader)});
  }
  return Selection{options, std::move(readers)};
}

bool Selection::matches(const MessageRecord& message) {
  if (message.time && !range_) {
    range_ = TimeRange{options_->from.at(*message.time), options_->to.at(*message.time)};
    reader_->want(*range_);
  }
  if (message.time && !range_->contains(*message.time)) return false;
  if (options_->qos && message.qos != *options_->qos) return false;
  if (options_->retain && message.retain != *options_->retain) return false;
  return options_->topics.contains(message.topic);
}

bool Selection::next(MessageRecord& message) {
  while (!options_->count || handed_out_ < *options_->count) {
    switch (reader_->next(message)) {
      case RecordingReader::State::end: return false;
      case RecordingReader::State::damaged:
        cli::report(reader_->problem());
        status_ = cli::ExitStatus::malformed_input;
        continue;
      case RecordingReader::State::message: break;
    }
    if (!matches(message)) continue;
    ++handed_out_;
    return true;
  }
  return false;
}

}  // namespace mqtk::recording
