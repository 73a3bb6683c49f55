#include "net/wakeup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace mqtk {

Wakeup::Wakeup() {
  int ends[2];
  if (::pipe(ends) != 0) return;
  reading_ = FileDescriptor(ends[0]);
  writing_ = FileDescriptor(ends[1]);
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

void Wakeup::wake() const {
  const std::uint8_t any = 0;
  // A full pipe wakes as well, so that a failed write needs no answer.
  [[maybe_unused]] const ssize_t written = ::write(writing_.number(), &any, 1);
}

void Wakeup::settle() const {
  std::uint8_t bytes[256];
  while (::read(reading_.number(), bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) {
  }
}

}  // namespace mqtk
