#include "bench/embedded_broker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace mqtk::bench {
namespace {

constexpr auto start_limit = std::chrono::seconds{10};
constexpr int end_limit_ms = 3000;

using Program = EmbeddedBroker::Program;

std::string path_of(Program program) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return program == Program::sink ? own.string() : (own.parent_path() / "mqtk-broker").string();
}

[[noreturn]] void become(Program program, const std::string& path, int output, pid_t parent) {
  // Ctrl-C is for the load test, which ends the broker when it has its report.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  std::signal(SIGPIPE, SIG_DFL);
  ::dup2(output, STDOUT_FILENO);
  constexpr char* end = nullptr;
  if (program == Program::sink) ::execl(path.c_str(), path.c_str(), "sink", end);
  ::execl(path.c_str(), path.c_str(), "--host", "127.0.0.1", "--port", "0", end);
  ::_exit(127);
}

// All that comes until the line "ready", the end or the time limit.
std::string read_greeting(int descriptor) {
  const auto end = std::chrono::steady_clock::now() + start_limit;
  std::string text;
  std::array<char, 512> block{};
  while (text.find("ready\n") == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waited{descriptor, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waited, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t count = ready > 0 ? ::read(descriptor, block.data(), block.size()) : 0;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

std::expected<Endpoint, std::string> EmbeddedBroker::start(Program program) {
  const std::string path = path_of(program);
  if (::access(path.c_str(), X_OK) != 0) {
    return std::unexpected(
        fmt::format("cannot run {}: {}; give the address of a broker with --url", path, std::strerror(errno)));
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return std::unexpected(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) become(program, path, ends[1], parent);
  ::close(ends[1]);
  output_ = ends[0];
  if (process_ < 0) {
    process_ = 0;
    return std::unexpected(fmt::format("cannot start {}: {}", path, std::strerror(errno)));
  }
  constexpr std::string_view word = "listening ";
  const std::string greeting = read_greeting(output_);
  const std::size_t at = greeting.find(word);
  const std::size_t end = greeting.find('\n');
  if (at != 0 || end == std::string::npos || greeting.find("ready\n") == std::string::npos) {
    return std::unexpected(fmt::format("{} does not start; see its messages above", path));
  }
  return parse_endpoint(std::string_view{greeting}.substr(word.size(), end - word.size()));
}

EmbeddedBroker::~EmbeddedBroker() {
  if (output_ >= 0) ::close(output_);
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  for (int waited = 0; waited < end_limit_ms; waited += 10) {
    if (::waitpid(process_, nullptr, WNOHANG) != 0) return;
    ::usleep(10'000);
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace mqtk::bench
