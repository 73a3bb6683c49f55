#include "cli/child_command.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "cli/spawn_settings.hpp"

extern char** environ;

namespace mqtk::cli {

namespace {

// Where a program of this machine finds a server that listens at `host`.
std::string reachable(const std::string& host) {
  if (host == "*") return "localhost";
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

// A Unix socket has neither host nor port, and those of an outer broker are not its own.
void set_environment(Endpoint endpoint) {
  endpoint.host = reachable(endpoint.host);
  ::setenv("MQTK_URL", to_text(endpoint).c_str(), 1);
  if (endpoint.transport == Transport::unix_socket) {
    ::unsetenv("MQTK_HOST");
    ::unsetenv("MQTK_PORT");
    return;
  }
  ::setenv("MQTK_HOST", endpoint.host.c_str(), 1);
  ::setenv("MQTK_PORT", std::to_string(endpoint.port).c_str(), 1);
}

}  // namespace

std::expected<void, std::string> ChildCommand::start(const std::vector<std::string>& words, const Endpoint& endpoint) {
  set_environment(endpoint);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  const SpawnSettings settings;
  const int error = ::posix_spawnp(&process_, words.front().c_str(), &settings.actions, &settings.attributes,
                                   arguments.data(), environ);
  if (error == 0) return {};
  process_ = 0;
  return std::unexpected(fmt::format("cannot run '{}': {}", words.front(), std::strerror(error)));
}

void ChildCommand::send(int signal) const { ::kill(process_, signal); }

std::optional<int> ChildCommand::ended() {
  int status = 0;
  if (process_ == 0 || ::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
  process_ = 0;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace mqtk::cli
