// A recording being read, whatever its format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "capture/message_record.hpp"

namespace mqtk {

// From the first to the last moment, both included.
struct TimeRange {
  std::optional<WallTime> from = {};
  std::optional<WallTime> to = {};
  [[nodiscard]] bool contains(WallTime time) const { return (!from || time >= *from) && (!to || time <= *to); }
};

class RecordingReader {
 public:
  RecordingReader() = default;
  RecordingReader(const RecordingReader&) = delete;
  RecordingReader& operator=(const RecordingReader&) = delete;
  virtual ~RecordingReader() = default;

  enum class State : std::uint8_t {
    message,
    end,
    damaged,  // problem() says what and where; next() goes on behind it, as far as that is possible
  };

  // The message's views are valid until the next call. Every message has a valid Topic Name; its time may be missing
  // where the format allows it. Messages come in the order of the file.
  [[nodiscard]] virtual State next(MessageRecord& message) = 0;
  // One line without a final stop; valid after `damaged`.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Messages out of this range are not wanted, and a format with an index passes over them. Others may still come.
  virtual void want(const TimeRange& range) { (void)range; }

 protected:
  [[nodiscard]] State damaged(std::string problem) {
    problem_ = std::move(problem);
    return State::damaged;
  }

 private:
  std::string problem_;
};

}  // namespace mqtk
