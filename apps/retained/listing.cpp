// ls, tree and get.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/quoted_text.hpp"
#include "capture/ndjson.hpp"
#include "cli/output.hpp"
#include "net/loop.hpp"
#include "retained/collector.hpp"
#include "retained/commands.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

constexpr std::size_t shown_payload_bytes = 60;

ExitStatus ended(cli::Output& output) {
  output.flush();
  return output.ended() ? output.status() : ExitStatus::done;
}

void append_json(cli::Output& output, const ApplicationMessage& message, WallTime now) {
  PropertyWriter properties;
  append_message_json(output.buffer(), MessageRecord::from(as_publish(message, properties), now));
  output.wrote();
}

std::vector<std::string_view> levels_of(std::string_view topic) {
  std::vector<std::string_view> levels;
  for (;;) {
    const std::size_t end = topic.find('/');
    levels.push_back(topic.substr(0, end));
    if (end == std::string_view::npos) return levels;
    topic.remove_prefix(end + 1);
  }
}

void append_level(std::string& out, std::string_view level) {
  // An empty level, or one that would do something to the terminal.
  if (level.empty() || !is_readable(as_bytes(level))) {
    append_quoted(out, as_bytes(level));
  } else {
    out += level;
  }
}

}  // namespace

ExitStatus list_topics(const Options& options) {
  const auto set = collect(options, options.topics.filters);
  if (!set) return set.error();
  cli::Output output;
  const WallTime now = Loop{}.wall_now();
  if (options.detailed) output.write("   BYTES QOS    EXPIRES     AGE TOPIC\n");
  for (const auto& [topic, message] : *set) {
    if (options.json) {
      append_json(output, message, now);
      continue;
    }
    if (options.detailed) {
      const auto left = message.message_expiry_interval();
      output.write(fmt::format("{:8} {:3} {:>10} unknown ", message.payload().size(), static_cast<int>(message.qos()),
                               left ? fmt::format("{} s", *left) : "never"));
    }
    output.write(topic);
    output.write("\n");
  }
  return ended(output);
}

ExitStatus print_tree(const Options& options) {
  const auto set = collect(options, options.topics.filters);
  if (!set) return set.error();
  // By levels: as text "a-b" would come between "a" and "a/b".
  std::map<std::vector<std::string_view>, const ApplicationMessage*> leaves;
  for (const auto& [topic, message] : *set) leaves.emplace(levels_of(topic), &message);
  cli::Output output;
  std::vector<std::string_view> above;
  for (const auto& [levels, message] : leaves) {
    // What the topic before has in common with this one stands there already.
    const auto common = static_cast<std::size_t>(std::ranges::mismatch(levels, above).in1 - levels.begin());
    for (std::size_t depth = common; depth < levels.size(); ++depth) {
      std::string& out = output.buffer();
      out.append(2 * depth, ' ');
      append_level(out, levels[depth]);
      if (depth + 1 == levels.size()) {
        out += "  ";
        append_quoted(out, message->payload(), shown_payload_bytes);
      }
      out += '\n';
    }
    output.wrote();
    above = levels;
  }
  return ended(output);
}

ExitStatus print_messages(const Options& options) {
  const auto set = collect(options, options.topics.filters);
  if (!set) return set.error();
  cli::Output output;
  const WallTime now = Loop{}.wall_now();
  for (const auto& [topic, message] : *set) {
    if (options.json) {
      append_json(output, message, now);
      continue;
    }
    output.write(as_text(message.payload()));
    output.write("\n");
  }
  const ExitStatus status = ended(output);
  if (!set->empty() || status != ExitStatus::done) return status;
  cli::report(fmt::format("the broker keeps no message for '{}'", options.topics.filters.front()));
  return ExitStatus::assertion_failed;
}

}  // namespace mqtk::retained
