// What `mqtk sub` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/message_template.hpp"
#include "cli/option_table.hpp"

namespace mqtk::sub {

struct RequestedFilter {
  std::string topic_filter;
  std::optional<QoS> qos;  // behind the filter; otherwise that of --qos
};

struct Options {
  enum class Format : std::uint8_t { payload, topic_and_payload, json, by_template };
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

  Format format = Format::payload;
  std::optional<cli::MessageTemplate> message_template;  // for Format::by_template
  bool payload_json = false;                             // for Format::json
  bool newline = true;

  std::optional<std::uint64_t> count;  // messages, then the end
  std::optional<Duration> timeout;     // of the whole run
  AfterSuback after_suback = AfterSuback::listen;
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

// "a/+" or "a/+:2": a QoS of its own after the last colon.
[[nodiscard]] RequestedFilter parse_filter(std::string_view text);

}  // namespace mqtk::sub
