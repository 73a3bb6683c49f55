#include "bench/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mqtk::bench {

std::expected<std::string, std::string> read_input_file(const std::string& name) {
  constexpr std::size_t most_bytes = 100'000'000;
  const auto fail = [&](const char* why) { return std::unexpected(fmt::format("{}: cannot be read: {}", name, why)); };
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(std::strerror(errno));
  std::string content;
  std::array<char, 65'536> block;
  for (;;) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    const int error = errno;
    if (count <= 0 || content.size() > most_bytes) {
      ::close(descriptor);
      if (count < 0) return fail(std::strerror(error));
      if (content.size() > most_bytes) return fail("larger than 100 MB");
      return content;
    }
    content.append(block.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace mqtk::bench
