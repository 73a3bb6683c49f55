#include "cli/secret_line.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mqtk::cli {
namespace {

constexpr std::size_t max_secret_bytes = 65'535;

}  // namespace

std::expected<std::string, std::string> read_secret_line(int descriptor, const std::function<bool()>& ready) {
  std::string line;
  while (ready()) {
    char byte = 0;
    const ssize_t count = ::read(descriptor, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected("cannot be read: " + std::system_category().message(errno));
    if (count == 0 || byte == '\n') break;
    line += byte;
    if (line.size() > max_secret_bytes) return std::unexpected("is longer than 65535 bytes");
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return std::unexpected("is empty");
  return line;
}

}  // namespace mqtk::cli
