#include "bench/machine.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string_view>

#include "load/json_object.hpp"

namespace mqtk::bench {
namespace {

// Epoll, signals, standard streams, name lookup and a margin.
constexpr std::uint64_t other_descriptors = 32;

std::uint64_t at_least_0(long value) { return value < 0 ? 0 : static_cast<std::uint64_t>(value); }

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

std::string this_machine() {
  std::string out;
  {
    JsonObject machine{out};
    utsname names{};
    if (::uname(&names) == 0) {
      machine.text("host", names.nodename);
      machine.text("system", std::string{names.sysname} + " " + names.release + " " + names.machine);
    }
    machine.text("processor", processor_name());
    machine.number("processors", at_least_0(::sysconf(_SC_NPROCESSORS_ONLN)));
    machine.number("memory_bytes", at_least_0(::sysconf(_SC_PHYS_PAGES)) * at_least_0(::sysconf(_SC_PAGESIZE)));
  }
  return out;
}

std::uint64_t identity_of_clock() {
  std::string facts;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), facts);
  if (facts.empty()) facts = fmt::format("{}", std::random_device{}());
  // Linux can give processes clocks of their own.
  std::error_code error;
  facts += std::filesystem::read_symlink("/proc/self/ns/time", error).string();
  // FNV-1a
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char c : facts) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return hash >> 4;
}

std::optional<ProcessUse> usage_of(std::uint32_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::ifstream file(folder + "/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  // The name in parentheses may hold anything; the time fields are the 12th and 13th, the memory the 22nd behind it.
  const std::size_t end = text.rfind(") ");
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t pages = 0;
  fields >> user >> system;
  for (int i = 0; i < 8; ++i) fields >> skipped;
  fields >> pages;
  if (!fields) return std::nullopt;
  const std::uint64_t ticks = std::max<std::uint64_t>(1, at_least_0(::sysconf(_SC_CLK_TCK)));
  return ProcessUse{.processor_time = std::chrono::nanoseconds{(user + system) * (1'000'000'000 / ticks)},
                    .memory_bytes = pages * at_least_0(::sysconf(_SC_PAGESIZE))};
}

ProcessUse usage_so_far() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto time = [](const timeval& value) {
    return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
  };
  return {.processor_time = time(used.ru_utime) + time(used.ru_stime),
          .memory_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

bool allow_descriptors(std::uint64_t clients, std::uint64_t& limit) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return true;  // then the sockets tell
  const std::uint64_t needed = clients + other_descriptors;
  limit = files.rlim_max == RLIM_INFINITY ? UINT64_MAX : files.rlim_max;
  if (needed > limit) return false;
  files.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0;
}

}  // namespace mqtk::bench
