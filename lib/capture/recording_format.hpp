// The formats of recordings, by name, and writers and readers for each.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/byte_source.hpp"
#include "capture/mcap_writer.hpp"
#include "capture/recording_reader.hpp"
#include "capture/recording_writer.hpp"

namespace mqtk {

enum class RecordingFormat : std::uint8_t { mcap, jsonl, pcapng, csv };

// "mcap", "jsonl", "pcapng", "csv"
[[nodiscard]] std::string_view format_name(RecordingFormat format);
[[nodiscard]] std::optional<RecordingFormat> find_format(std::string_view name);
// By what stands behind the last dot; also .json and .ndjson for jsonl.
[[nodiscard]] std::optional<RecordingFormat> format_of_file(std::string_view path);

// `options` are for MCAP; its library also names us in the other formats.
[[nodiscard]] std::unique_ptr<RecordingWriter> make_recording_writer(RecordingFormat format, McapOptions options);

}  // namespace mqtk
