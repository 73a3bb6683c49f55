// What a fuzzer asks of the code under test: like assert, but in every build.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace mqtk {

inline void expect(bool kept, const char* what, std::source_location where = std::source_location::current()) {
  if (kept) return;
  std::fprintf(stderr, "%s:%u: %s\n", where.file_name(), where.line(), what);
  std::abort();
}

}  // namespace mqtk
