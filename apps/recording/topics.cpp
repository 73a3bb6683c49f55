// The topics of a recording: how often, how large, how fast, at which QoS.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json_text.hpp"
#include "cli/output.hpp"
#include "recording/commands.hpp"
#include "recording/selection.hpp"

namespace mqtk::recording {
namespace {

using cli::ExitStatus;

struct Topic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t largest = 0;
  std::uint64_t retained = 0;
  unsigned qos = 0;  // bit for each
  std::optional<WallTime> first;
  std::optional<WallTime> last;

  void add(const MessageRecord& message) {
    ++messages;
    bytes += message.payload.size();
    largest = std::max<std::uint64_t>(largest, message.payload.size());
    if (message.retain) ++retained;
    qos |= 1U << static_cast<unsigned>(message.qos);
    if (!message.time) return;
    first = std::min(first.value_or(*message.time), *message.time);
    last = std::max(last.value_or(*message.time), *message.time);
  }

  // Of the intervals between its messages; 0 for a single one.
  [[nodiscard]] double rate() const {
    const double seconds = first ? to_seconds(*last - *first) : 0;
    return seconds > 0 ? static_cast<double>(messages - 1) / seconds : 0;
  }

  [[nodiscard]] std::string qos_list() const {
    std::string list;
    for (unsigned i = 0; i < 3; ++i) {
      if (((qos >> i) & 1U) != 0) list += fmt::format("{}{}", list.empty() ? "" : ",", i);
    }
    return list;
  }
};

void append_json(std::string& out, const std::string& name, const Topic& topic) {
  out += "{\"topic\":";
  append_json_string(out, name);
  out += fmt::format(",\"messages\":{},\"payload_bytes\":{},\"largest_payload\":{},\"retained\":{},\"qos\":[{}]",
                     topic.messages, topic.bytes, topic.largest, topic.retained, topic.qos_list());
  out += fmt::format(",\"rate\":{:.6f}", topic.rate());
  if (topic.first) out += fmt::format(",\"first\":\"{}\",\"last\":\"{}\"", rfc3339(*topic.first), rfc3339(*topic.last));
  out += "}\n";
}

}  // namespace

ExitStatus list_topics(const Options& options) {
  auto selection = Selection::open(options, options.files);
  if (!selection) return ExitStatus::usage;
  std::map<std::string, Topic, std::less<>> topics;
  MessageRecord message;
  while (selection->next(message)) {
    auto found = topics.find(message.topic);
    if (found == topics.end()) found = topics.emplace(message.topic, Topic{}).first;
    found->second.add(message);
  }
  cli::Output output;
  if (!options.json) {
    output.buffer() += fmt::format("{:>10} {:>10} {:>14} {:>10} {:>9} {:<6} {}\n", "MESSAGES", "RATE/s", "BYTES",
                                   "LARGEST", "RETAINED", "QOS", "TOPIC");
  }
  for (const auto& [name, topic] : topics) {
    if (options.json) {
      append_json(output.buffer(), name, topic);
    } else {
      output.buffer() += fmt::format("{:>10} {:>10.3f} {:>14} {:>10} {:>9} {:<6} {}\n", topic.messages, topic.rate(),
                                     topic.bytes, topic.largest, topic.retained, topic.qos_list(), name);
    }
    output.wrote();
  }
  output.flush();
  return output.ended() ? output.status() : selection->status();
}

}  // namespace mqtk::recording
