// The line on a terminal that says how a recording goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/time.hpp"

namespace mqtk::record {

class LiveLine {
 public:
  // Shown at all: standard error is a terminal.
  [[nodiscard]] static bool is_wanted();

  // The topics are counted up to a million.
  void count_topic(std::string_view topic);

  struct State {
    std::uint64_t messages = 0;
    std::uint64_t payload_bytes = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t dropped = 0;
  };
  void show(const State& state, TimePoint now);
  // Before another line is printed.
  void clear();

 private:
  static constexpr std::size_t most_topics = 1'000'000;
  std::unordered_set<std::size_t> topics_;  // their hashes
  std::uint64_t messages_shown_ = 0;
  TimePoint shown_at_{};
  bool visible_ = false;
};

}  // namespace mqtk::record
