#include "broker/service_manager.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>

namespace mqtk::broker_program {
namespace {

constexpr int first_passed_descriptor = 3;

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  const std::string taken = value == nullptr ? "" : value;
  ::unsetenv(name);
  return taken;
}

// 0 for what is no number.
int number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

ServiceManager::ServiceManager() : address_(take_variable("NOTIFY_SOCKET")) {
  const int process = number(take_variable("LISTEN_PID"));
  const int count = number(take_variable("LISTEN_FDS"));
  take_variable("LISTEN_FDNAMES");
  if (process != ::getpid()) return;  // meant for a parent, which forgot to take it out
  for (int descriptor = first_passed_descriptor; descriptor < first_passed_descriptor + count; ++descriptor) {
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) break;
    listening_sockets_.emplace_back(descriptor);
  }
}

void ServiceManager::notify(std::string_view assignments) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (address_.empty() || address_.size() >= sizeof address.sun_path) return;
  std::copy(address_.begin(), address_.end(), address.sun_path);
  if (address_.front() == '@') address.sun_path[0] = '\0';  // a name that is no file
  const FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  static_cast<void>(::sendto(socket.number(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const ::sockaddr*>(&address), size));
}

}  // namespace mqtk::broker_program
