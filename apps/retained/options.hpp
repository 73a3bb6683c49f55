// What `mqtk retained` is asked to do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"
#include "cli/recording_input.hpp"
#include "retained/topic_pattern.hpp"

namespace mqtk::retained {

struct Options {
  enum class Command : std::uint8_t { none, ls, tree, get, export_, import, rm, diff, lint };

  Command command = Command::none;
  std::vector<std::string> words;  // behind the command: Topic Filters, topics or files
  cli::ConnectionOptions connection;

  // Selection
  cli::TopicSelection topics;  // of --topic and among `words`
  std::optional<TopicPattern> pattern;

  // Output
  bool detailed = false;
  bool json = false;
  std::optional<std::string> output;
  bool overwrite = false;
  bool dry_run = false;
  bool home_assistant = false;
  std::string discovery_prefix = "homeassistant";

  // Run
  Duration idle = std::chrono::seconds{1};  // without a retained message, then the set is complete
  std::optional<Duration> timeout;

  // Whether the options select a topic that a filter has found.
  [[nodiscard]] bool selects(std::string_view topic) const;
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::retained
