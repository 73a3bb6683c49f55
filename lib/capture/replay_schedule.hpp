// When each message of a recording is due, counted from the start of the replay.
//
// Times are absolute: what one message is late does not move the next, and rounding does not add up.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace mqtk {

class ReplaySchedule {
 public:
  struct Options {
    double speed = 1;                          // 10 is ten times as fast; above 0
    std::optional<Duration> longest_gap = {};  // of the replay; longer silences are shortened
  };
  explicit ReplaySchedule(const Options& options) : options_(options) {}

  // The next message of the recording. One without a time, or with one before its predecessor's, is due at once.
  [[nodiscard]] Duration due(std::optional<WallTime> recorded);
  // The recording begins again, `seam` (in recorded time) after its last message; without a value as long after it as
  // that one came after the one before.
  void begin_again(std::optional<Duration> seam);

 private:
  void add(Duration gap);

  Options options_;
  std::optional<WallTime> last_;
  Duration last_gap_{0};
  Duration recorded_{0};  // since the first message, without what was shortened
};

}  // namespace mqtk
