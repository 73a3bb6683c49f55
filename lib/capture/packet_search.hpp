// Where in damaged bytes packets start again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "codec/frame.hpp"
#include "codec/types.hpp"

namespace mqtk {

enum class Plausible : std::uint8_t {
  no,
  open,  // more bytes would tell
  yes,
};

struct SearchContext {
  std::optional<Version> version;  // nothing: 5.0 or 3.1.1
  bool ended = false;              // no more bytes will come
};

// Whether the fixed header at the front is one that some packet may have: type, flags, and a length that fits the type.
[[nodiscard]] Plausible header_may_start(Bytes ahead, SearchContext context);

// Whether a packet, and behind it others, stand at the front. Random bytes pass very seldom.
[[nodiscard]] Plausible packet_may_start(Bytes ahead, SearchContext context);

}  // namespace mqtk
