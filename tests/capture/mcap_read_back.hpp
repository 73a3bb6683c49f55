// What a McapReader hands out of a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/mcap_reader.hpp"

namespace mqtk {

struct ReadBack {
  std::vector<std::string> payloads;
  std::vector<std::string> problems;
};

// Whether a thread of the reader's own loads the chunks.
enum class Ahead : std::uint8_t { no, yes };

inline ReadBack read_back(const std::vector<std::uint8_t>& file, const TimeRange& range = {}, Ahead ahead = Ahead::no) {
  auto reader = McapReader::open(memory_source(file));
  if (!reader) return {{}, {reader.error()}};
  if (ahead == Ahead::yes) (*reader)->read_ahead();
  (*reader)->want(range);
  ReadBack result;
  MessageRecord message;
  for (;;) {
    const RecordingReader::State state = (*reader)->next(message);
    if (state == RecordingReader::State::end) return result;
    if (state == RecordingReader::State::message) {
      result.payloads.emplace_back(as_text(message.payload));
    } else {
      result.problems.push_back((*reader)->problem());
    }
  }
}

}  // namespace mqtk
