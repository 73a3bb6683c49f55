// Whether the annotations of a packet cover it as they promise.
#pragma once

#include <span>
#include <string>

#include "codec/annotation.hpp"

namespace mqtk {

// Empty if the innermost annotations cover each of the packet's `size` bytes exactly once, the bits of flags bytes
// likewise; else what is wrong.
[[nodiscard]] std::string tiling_fault(std::span<const Annotation> annotations, std::size_t size);

}  // namespace mqtk
