#include "bench/machine.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace mqtk::bench {
namespace {

// Epoll, signals, standard streams, name lookup and a margin.
constexpr std::uint64_t other_descriptors = 32;

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  constexpr std::string_view key = "model name";
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(key) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

}  // namespace

Machine this_machine() {
  Machine machine;
  utsname names{};
  if (::uname(&names) == 0) machine.system = std::string{names.sysname} + " " + names.release + " " + names.machine;
  machine.processor = processor_name();
  machine.processors = static_cast<std::uint32_t>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 0L));
  machine.memory_bytes = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PHYS_PAGES), 0L)) *
                         static_cast<std::uint64_t>(std::max(::sysconf(_SC_PAGESIZE), 0L));
  return machine;
}

Usage usage_so_far() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto time = [](const timeval& value) {
    return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
  };
  return {.processor_time = time(used.ru_utime) + time(used.ru_stime),
          .peak_memory_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

bool allow_descriptors(std::uint64_t clients, std::uint64_t& limit) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return true;  // then the sockets tell
  const std::uint64_t needed = clients + other_descriptors;
  limit = files.rlim_max == RLIM_INFINITY ? UINT64_MAX : files.rlim_max;
  if (needed > limit) return false;
  if (needed <= files.rlim_cur) return true;
  files.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0;
}

}  // namespace mqtk::bench
