// diff: two files, or a file and the broker.
#include <fmt/format.h>

#include <algorithm>

#include "base/quoted_text.hpp"
#include "cli/output.hpp"
#include "retained/collector.hpp"
#include "retained/commands.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

constexpr std::size_t shown_payload_bytes = 120;

// The Message Expiry Interval counts down while a broker keeps the message, and is no part of properties() here.
bool same_properties(const ApplicationMessage& one, const ApplicationMessage& other) {
  return std::ranges::equal(one.properties().bytes(), other.properties().bytes());
}

class Comparison {
 public:
  void take(const RetainedSet& before, const RetainedSet& after) {
    auto one = before.begin();
    auto other = after.begin();
    while (one != before.end() || other != after.end()) {
      if (other == after.end() || (one != before.end() && one->first < other->first)) {
        print('-', (one++)->second);
      } else if (one == before.end() || other->first < one->first) {
        print('+', (other++)->second);
      } else {
        compare((one++)->second, (other++)->second);
      }
    }
  }

  ExitStatus end() {
    output_.flush();
    if (output_.ended()) return output_.status();
    return differs_ ? ExitStatus::assertion_failed : ExitStatus::done;
  }

 private:
  void compare(const ApplicationMessage& one, const ApplicationMessage& other) {
    if (!std::ranges::equal(one.payload(), other.payload())) {
      print('-', one);
      print('+', other);
    } else if (one.qos() != other.qos()) {
      note(one.topic(), fmt::format("QoS {} and {}", static_cast<int>(one.qos()), static_cast<int>(other.qos())));
    } else if (!same_properties(one, other)) {
      note(one.topic(), "other properties");
    }
  }

  void print(char sign, const ApplicationMessage& message) {
    differs_ = true;
    std::string& out = output_.buffer();
    out.append({sign, ' '}).append(message.topic()).append(" ");
    append_quoted(out, message.payload(), shown_payload_bytes);
    out += '\n';
    output_.wrote();
  }

  void note(std::string_view topic, std::string_view text) {
    differs_ = true;
    output_.write(fmt::format("~ {} {}\n", topic, text));
  }

  bool differs_ = false;
  cli::Output output_;
};

}  // namespace

ExitStatus compare(const Options& options) {
  std::uint64_t passed_over = 0;
  const auto before = read_set(options.words[0], options, passed_over);
  if (!before) return before.error();
  const auto after = options.words.size() > 1 ? read_set(options.words[1], options, passed_over)
                                              : collect(options, options.topics.filters);
  if (!after) return after.error();
  Comparison comparison;
  comparison.take(*before, *after);
  return comparison.end();
}

}  // namespace mqtk::retained
