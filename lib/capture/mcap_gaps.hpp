// The longest silence of an MCAP file, from its indexes and without its messages.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "capture/byte_source.hpp"
#include "capture/mcap_summary.hpp"

namespace mqtk {

struct McapGap {
  Duration length{0};
  bool is_exact = true;  // else there may be longer ones
};

// A gap within a chunk is no longer than the chunk, so only the longest chunks are looked into, and at most `most` of
// them: enough for a second however large the file is.
[[nodiscard]] McapGap longest_gap(ByteSource& source, std::vector<McapChunk> chunks, std::size_t most = 64);

}  // namespace mqtk
