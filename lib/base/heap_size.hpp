// How much memory the program has allocated.
#pragma once

#include <cstddef>

namespace mqtk {

// Bytes in use on the heap; 0 where the system's C library does not tell. Takes some microseconds.
[[nodiscard]] std::size_t heap_bytes();

}  // namespace mqtk
