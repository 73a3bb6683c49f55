// Several recordings as one, in the order of time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/recording_reader.hpp"

namespace mqtk {

struct NamedReader {
  std::string name;
  std::unique_ptr<RecordingReader> reader;
};

// Takes the earliest of the next messages; each recording keeps its own order. A message without a time follows at once
// the one before it. Problems begin with the recording's name.
class MergedReader final : public RecordingReader {
 public:
  explicit MergedReader(std::vector<NamedReader> readers);

  [[nodiscard]] State next(MessageRecord& message) override;
  void want(const TimeRange& range) override;
  // Of the message or problem handed out last: its place among the readers.
  [[nodiscard]] std::size_t source() const { return source_; }

 private:
  struct Head {
    NamedReader from;
    MessageRecord message;
    State state = State::end;
    bool read = false;
  };
  [[nodiscard]] bool earlier(std::size_t a, std::size_t b) const;
  [[nodiscard]] State damaged_head();

  std::vector<Head> heads_;
  std::vector<std::size_t> heap_;  // of those that hold a message
  std::size_t source_ = 0;
  bool due_ = false;  // the head at source_ has been handed out
};

}  // namespace mqtk
