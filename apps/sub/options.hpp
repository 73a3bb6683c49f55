// What `mqtk sub` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/message_format.hpp"
#include "cli/option_table.hpp"
#include "sub/end_condition.hpp"

namespace mqtk::sub {

// What stands behind the filter goes before --qos and the like.
struct RequestedFilter {
  std::string topic_filter;
  std::optional<QoS> qos = std::nullopt;
  bool no_local = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling = std::nullopt;
};

struct Options {
  enum class Retained : std::uint8_t { shown, hidden, only };
  enum class AfterSuback : std::uint8_t { listen, end };

  cli::ConnectionOptions connection;
  std::vector<RequestedFilter> filters;
  std::vector<std::string> unsubscribe_filters;
  std::vector<std::string> hidden_filters;
  QoS qos = QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling;
  Retained retained = Retained::shown;

  std::optional<double> random_sample;  // the share of messages to print, 0 to 1
  bool clear_retained = false;
  bool dry_run = false;

  bool watch = false;
  cli::MessageFormat format;
  std::optional<std::string> files;    // pattern of FileOutput
  std::optional<std::string> command;  // for each message
  std::uint32_t jobs = 1;

  std::optional<std::uint64_t> count;  // messages, then the end
  bool count_is_expected = false;      // fewer are a failure of their own
  std::optional<std::string> until;
  std::optional<EndCondition> end_condition;  // what `until` says
  std::optional<Duration> idle;               // without a message, then the end
  std::optional<Duration> timeout;            // of the whole run
  AfterSuback after_suback = AfterSuback::listen;

  // A subscription option is asked for that came with 5.0.
  [[nodiscard]] bool needs_v5() const;
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

// "a/+", "a/+:2" or "a/+:2,no-local,retain-as-published,retain-handling=never": options of its own after the last
// colon. What is no such list belongs to the filter.
[[nodiscard]] RequestedFilter parse_filter(std::string_view text);

}  // namespace mqtk::sub
