#include "base/heap_size.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace mqtk {

std::size_t heap_bytes() {
#ifdef __GLIBC__
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

}  // namespace mqtk
