// Whoever started this process and wants to know how it does, as systemd has it: sd_notify(3), sd_listen_fds(3).
//
// Without one nothing of this does anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/file_descriptor.hpp"

namespace mqtk::broker_program {

class ServiceManager {
 public:
  // Takes the variables out of the environment: a command that this program runs must not speak for it.
  ServiceManager();

  // Sockets that already listen and are to be served.
  [[nodiscard]] std::vector<FileDescriptor> take_listening_sockets() { return std::move(listening_sockets_); }

  // "READY=1", one assignment a line. Nothing waits for an answer, and a manager that is gone is no error.
  void notify(std::string_view assignments) const;

 private:
  std::string address_;  // of the socket to tell; empty: nobody asked
  std::vector<FileDescriptor> listening_sockets_;
};

}  // namespace mqtk::broker_program
