// A command that a server runs for, and ends with.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "net/endpoint.hpp"

namespace mqtk::cli {

class ChildCommand {
 public:
  // Starts it with MQTK_URL, MQTK_HOST and MQTK_PORT in its environment. The error is one line.
  [[nodiscard]] std::expected<void, std::string> start(const std::vector<std::string>& words, const Endpoint& endpoint);

  [[nodiscard]] bool running() const { return process_ > 0; }
  void send(int signal) const;

  // Its exit status, 128+n if signal n ended it; nothing while it runs. To be asked after each SIGCHLD.
  [[nodiscard]] std::optional<int> ended();

 private:
  pid_t process_ = 0;
};

}  // namespace mqtk::cli
