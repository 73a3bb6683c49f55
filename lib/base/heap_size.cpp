#include "base/heap_size.hpp"

#if defined(__SANITIZE_ADDRESS__)
// GCC 12 comes without the header of it.
extern "C" std::size_t
__sanitizer_get_current_allocated_bytes();  // NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

namespace mqtk {

std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__)
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

}  // namespace mqtk
