// What `mqtk recording` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/recording_format.hpp"
#include "cli/option_table.hpp"
#include "cli/recording_input.hpp"

namespace mqtk::recording {

struct Options {
  enum class Command : std::uint8_t { none, info, topics, cat, filter, merge, convert, repair, diff };

  Command command = Command::none;
  std::vector<std::string> files;
  cli::InputOptions input;

  // Selection
  cli::TopicSelection topics;
  cli::TimeLimit from;
  cli::TimeLimit to;
  std::optional<QoS> qos;
  std::optional<bool> retain;
  std::optional<std::uint64_t> count;

  // Output
  std::optional<std::string> output;
  std::optional<RecordingFormat> format;
  bool overwrite = false;
  bool json = false;
  bool compare_all = false;
  std::optional<std::uint64_t> shown_differences;  // 20 where not given
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::recording
