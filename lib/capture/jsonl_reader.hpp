// Messages of JSON Lines, as `sub --json` and `record` write them.
#pragma once

#include <memory>

#include "capture/line_source.hpp"
#include "capture/recording_reader.hpp"

namespace mqtk {

// A line that is no message is told as damage, and reading goes on with the next. An empty line is passed over.
[[nodiscard]] std::unique_ptr<RecordingReader> make_jsonl_reader(std::unique_ptr<ByteStream> stream);

}  // namespace mqtk
