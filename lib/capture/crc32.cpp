#include "capture/crc32.hpp"

#include <libdeflate.h>

namespace mqtk {

std::uint32_t crc32(Bytes bytes, std::uint32_t before) {
  // Without an address the library would begin anew.
  if (bytes.empty()) return before;
  return ::libdeflate_crc32(before, bytes.data(), bytes.size());
}

}  // namespace mqtk
