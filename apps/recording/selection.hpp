// The messages of the recordings that were named, as far as they are selected.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/merged_reader.hpp"
#include "cli/exit_status.hpp"
#include "recording/options.hpp"

namespace mqtk::recording {

class Selection {
 public:
  // Reports what cannot be opened.
  [[nodiscard]] static std::optional<Selection> open(const Options& options, const std::vector<std::string>& files);

  // The next message; false at the end. Damage is reported on the way.
  [[nodiscard]] bool next(MessageRecord& message);
  // malformed_input where there was damage.
  [[nodiscard]] cli::ExitStatus status() const { return status_; }
  // Of the first recording, if it is an MCAP file with any.
  [[nodiscard]] const mcap::Metadata& metadata() const { return metadata_; }

 private:
  Selection(const Options& options, std::vector<NamedReader> readers);
  [[nodiscard]] bool matches(const MessageRecord& message);

  const Options* options_;
  std::unique_ptr<MergedReader> reader_;
  mcap::Metadata metadata_;
  std::optional<TimeRange> range_;
  std::uint64_t handed_out_ = 0;
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::recording
