// What `mqtk record` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "capture/recording_format.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"

namespace mqtk::record {

struct Options {
  enum class Split : std::uint8_t { none, by_topic };

  cli::ConnectionOptions connection;
  std::vector<std::string> filters;  // "#" where none is given
  QoS qos = QoS::exactly_once;
  bool retained = true;

  std::string file;  // "-" is standard output
  RecordingFormat format = RecordingFormat::mcap;
  bool overwrite = false;
  bool repair = false;
  bool fsync = false;
  std::size_t chunk_bytes = std::size_t{1024} * 1024;
  Duration chunk_age = std::chrono::seconds{1};
  std::optional<int> zstd_level = 1;
  bool compression_given = false;

  std::optional<std::uint64_t> rotate_bytes;
  std::optional<Duration> rotate_age;
  std::optional<std::uint32_t> keep;  // files; nothing: all
  Split split = Split::none;

  std::optional<std::uint64_t> count;
  std::optional<Duration> duration;
  std::optional<std::uint64_t> size_bytes;
  std::optional<Duration> idle;
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::record
