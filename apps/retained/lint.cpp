// lint --homeassistant: fetches the documents, then listens where their states should be.
#include <fmt/format.h>

#include <set>

#include "base/json_text.hpp"
#include "cli/output.hpp"
#include "codec/topic.hpp"
#include "retained/collector.hpp"
#include "retained/commands.hpp"
#include "retained/home_assistant.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

ExitStatus fetch_documents(const Options& options, DiscoveryLint& lint) {
  const bool sees_retain = options.connection.connect.version == Version::v5;
  const auto heard = [&](const Publish& message) {
    const bool is_lost = sees_retain && !message.retain && !message.payload.empty();
    if (is_lost && lint.is_document(message.topic_name)) lint.not_retained(message.topic_name);
  };
  const auto flag = sees_retain ? Collector::RetainFlag::as_published : Collector::RetainFlag::of_delivery;
  const auto set = Collector(options, options.topics.filters, heard, flag).run();
  if (!set) return set.error();
  for (const auto& [topic, message] : *set) {
    if (lint.is_document(topic)) lint.check(topic, as_text(message.payload()));
  }
  return ExitStatus::done;
}

ExitStatus listen_for_states(const Options& options, DiscoveryLint& lint) {
  if (lint.state_topics().empty()) return ExitStatus::done;
  Options states = options;
  states.topics.filters.clear();
  states.topics.hidden_filters.clear();
  states.pattern.reset();
  std::vector<std::string> topics;
  for (const auto& [topic, document] : lint.state_topics()) topics.push_back(topic);
  std::set<std::string, std::less<>> heard;
  const auto set =
      Collector(states, topics, [&heard](const Publish& message) { heard.emplace(message.topic_name); }).run();
  if (!set) return set.error();
  for (const std::string& topic : topics) {
    const bool has_wildcard = find_wildcard(topic) != std::string::npos;
    if (!has_wildcard && !heard.contains(topic)) lint.is_silent(topic);
  }
  return ExitStatus::done;
}

void print(cli::Output& output, const DiscoveryLint::Problem& problem, bool as_json) {
  const std::string_view severity = problem.severity == DiscoveryLint::Severity::error ? "error" : "warning";
  std::string& out = output.buffer();
  if (as_json) {
    out += "{\"topic\":";
    append_json_string(out, problem.topic);
    out += fmt::format(",\"severity\":\"{}\",\"message\":", severity);
    append_json_string(out, problem.text);
    out += "}\n";
  } else {
    out += fmt::format("{}: {}: {}\n", problem.topic, severity, problem.text);
  }
  output.wrote();
}

}  // namespace

ExitStatus lint_home_assistant(const Options& options) {
  DiscoveryLint lint{options.discovery_prefix};
  for (const auto step : {fetch_documents, listen_for_states}) {
    if (const ExitStatus status = step(options, lint); status != ExitStatus::done) return status;
  }
  cli::Output output;
  bool has_errors = false;
  for (const DiscoveryLint::Problem& problem : lint.problems()) {
    print(output, problem, options.json);
    has_errors = has_errors || problem.severity == DiscoveryLint::Severity::error;
  }
  output.flush();
  if (lint.documents() == 0) cli::report(fmt::format("no discovery documents below {}/", options.discovery_prefix));
  if (output.ended()) return output.status();
  return has_errors ? ExitStatus::malformed_input : ExitStatus::done;
}

}  // namespace mqtk::retained
