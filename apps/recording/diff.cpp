// Two recordings side by side, topic by topic.
//
// Both are read in step, and only messages whose counterpart has not come are held: equal recordings of any length need
// little memory.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/quoted_text.hpp"
#include "capture/ndjson.hpp"
#include "cli/byte_size.hpp"
#include "cli/output.hpp"
#include "recording/commands.hpp"
#include "recording/selection.hpp"

namespace mqtk::recording {
namespace {

using cli::ExitStatus;

// Messages of one topic that wait for a counterpart. A message that finds none among so many has none.
constexpr std::size_t most_waiting = 10'000;
constexpr std::size_t shown_bytes = 120;

struct Waiting {
  std::size_t hash = 0;
  std::size_t size = 0;
  std::string shown;
};

struct Topic {
  std::deque<Waiting> waiting[2];
};

class Comparison {
 public:
  explicit Comparison(const Options& options) : options_(options) {}

  void take(std::size_t side, const MessageRecord& message) {
    ++messages_[side];
    Waiting arrived = make(message);
    Topic& topic = topics_[std::string{message.topic}];
    std::deque<Waiting>& others = topic.waiting[1 - side];
    const auto found = std::ranges::find_if(
        others, [&](const Waiting& other) { return other.hash == arrived.hash && other.size == arrived.size; });
    if (found == others.end()) {
      topic.waiting[side].push_back(std::move(arrived));
      if (topic.waiting[side].size() > most_waiting) drop_front(side, message.topic, topic);
      return;
    }
    // What came earlier on either side has no counterpart any more: order counts.
    const auto ahead = static_cast<std::size_t>(found - others.begin());
    for (std::size_t i = 0; i < ahead; ++i) drop_front(1 - side, message.topic, topic);
    others.pop_front();
    while (!topic.waiting[side].empty()) drop_front(side, message.topic, topic);
  }

  void finish() {
    std::vector<std::string> names;
    for (const auto& [name, topic] : topics_) {
      if (!topic.waiting[0].empty() || !topic.waiting[1].empty()) names.push_back(name);
    }
    std::ranges::sort(names);
    for (const std::string& name : names) {
      Topic& topic = topics_[name];
      for (std::size_t side = 0; side < 2; ++side) {
        while (!topic.waiting[side].empty()) drop_front(side, name, topic);
      }
    }
  }

  ExitStatus end() {
    if (differences_ > 0) {
      output_.write(fmt::format("{} differences; {} and {} messages\n", cli::grouped(differences_),
                                cli::grouped(messages_[0]), cli::grouped(messages_[1])));
    }
    output_.flush();
    if (output_.ended()) return output_.status();
    return differences_ > 0 ? ExitStatus::assertion_failed : ExitStatus::done;
  }

 private:
  Waiting make(const MessageRecord& message) {
    Waiting waiting;
    waiting.size = message.payload.size();
    waiting.hash = std::hash<std::string_view>{}(as_text(message.payload));
    if (options_.compare_all) {
      MessageRecord rest = message;
      rest.time.reset();
      rest.dup = false;  // says how it came, not what it is
      rest.packet_identifier = 0;
      rest.retained_at_subscribe = false;
      properties_.clear();
      for (const Property& property : message.properties) {
        // It counts down while a broker holds the message.
        if (property.id != PropertyId::message_expiry_interval) properties_.add(property);
      }
      rest.properties = properties_.block();
      scratch_.clear();
      append_message_json(scratch_, rest);
      waiting.hash = std::hash<std::string>{}(scratch_);
      waiting.shown = fmt::format("QoS {}{} ", static_cast<int>(message.qos), message.retain ? " retain" : "");
    }
    append_quoted(waiting.shown, message.payload, shown_bytes);
    return waiting;
  }

  void drop_front(std::size_t side, std::string_view name, Topic& topic) {
    if (++differences_ <= options_.shown_differences.value_or(20)) {
      output_.write(fmt::format("{} {} {}\n", side == 0 ? '-' : '+', name, topic.waiting[side].front().shown));
    }
    topic.waiting[side].pop_front();
  }

  const Options& options_;
  std::unordered_map<std::string, Topic> topics_;
  std::uint64_t messages_[2] = {0, 0};
  std::uint64_t differences_ = 0;
  std::string scratch_;
  PropertyWriter properties_;
  cli::Output output_;
};

}  // namespace

ExitStatus compare(const Options& options) {
  auto first = Selection::open(options, {options.files[0]});
  if (!first) return ExitStatus::usage;
  auto second = Selection::open(options, {options.files[1]});
  if (!second) return ExitStatus::usage;
  Comparison comparison{options};
  MessageRecord message;
  for (bool more[2] = {true, true}; more[0] || more[1];) {
    for (std::size_t side = 0; side < 2; ++side) {
      if (!more[side]) continue;
      more[side] = (side == 0 ? *first : *second).next(message);
      if (more[side]) comparison.take(side, message);
    }
  }
  comparison.finish();
  const ExitStatus status = comparison.end();
  const bool damaged = first->status() != ExitStatus::done || second->status() != ExitStatus::done;
  return status == ExitStatus::done && damaged ? ExitStatus::malformed_input : status;
}

}  // namespace mqtk::recording
