// Recordings named on a command line, opened for reading.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/csv_reader.hpp"
#include "capture/pcap_recording.hpp"
#include "capture/recording_format.hpp"
#include "capture/recording_reader.hpp"

namespace mqtk::cli {

class OptionTable;

struct InputOptions {
  std::optional<RecordingFormat> format;  // otherwise by the first bytes and the name
  CsvPayload csv_payload = CsvPayload::text;
  CaptureDirection direction = CaptureDirection::both;  // of packet captures
};

// "-" is standard input, which is JSON Lines or CSV. The error is a line for the user.
[[nodiscard]] std::expected<std::unique_ptr<RecordingReader>, std::string> open_recording(const std::string& path,
                                                                                          const InputOptions& options);

// Adds --input-format, --csv-base64 and --direction.
void add_input_options(OptionTable& table, InputOptions& options);

// Which topics of a recording: all, or those that some filter matches, but for those that a hidden one matches.
struct TopicSelection {
  std::vector<std::string> filters;
  std::vector<std::string> hidden_filters;

  [[nodiscard]] bool contains(std::string_view topic) const;
  // What is wrong with a filter, or nothing.
  [[nodiscard]] std::string problem(Version version) const;
};

// Adds --topic and --filter-out.
void add_topic_options(OptionTable& table, TopicSelection& topics);

// --from and --to: a moment (RFC 3339), or a time after the first message (90s).
struct TimeLimit {
  std::optional<WallTime> moment;
  std::optional<Duration> after_start;
  [[nodiscard]] bool given() const { return moment || after_start; }
  [[nodiscard]] std::optional<WallTime> at(WallTime start) const;
};
// Adds --from and --to.
void add_time_options(OptionTable& table, TimeLimit& from, TimeLimit& to);

}  // namespace mqtk::cli
