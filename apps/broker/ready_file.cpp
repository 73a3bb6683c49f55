#include "broker/ready_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace mqtk::broker_program {

ReadyFile::~ReadyFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

std::expected<void, std::string> ReadyFile::write(const std::string& path, std::string_view content) {
  // Beside the file, since only within one file system a rename is one step.
  const std::string unfinished = fmt::format("{}.{}", path, ::getpid());
  std::ofstream file{unfinished, std::ios::binary | std::ios::trunc};
  file << content;
  file.close();
  if (file && std::rename(unfinished.c_str(), path.c_str()) == 0) {
    path_ = path;
    return {};
  }
  const int error = errno;
  ::unlink(unfinished.c_str());
  return std::unexpected(fmt::format("cannot write the --ready-file '{}': {}", path, std::strerror(error)));
}

}  // namespace mqtk::broker_program
