// What `mqtk respond` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"

namespace mqtk::respond {

struct Options {
  enum class Answer : std::uint8_t { none, command, text, echo };

  cli::ConnectionOptions connection;
  std::vector<std::string> filters;
  QoS qos = QoS::at_least_once;
  Answer answer = Answer::none;
  std::string text;  // the command, or the answer itself
  std::uint32_t jobs = 1;
  bool retain = false;
  std::optional<std::string> response_topic;  // where a request names none; {topic} is the request's
  std::optional<std::uint64_t> count;         // requests, then the end
  std::optional<Duration> timeout;            // of the whole run
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::respond
