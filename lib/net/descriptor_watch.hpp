// Tells when a program's own descriptor, such as standard input, can be read.
//
// For pipes, terminals and sockets. A regular file can always be read and must not be waited for.
#pragma once

#include <functional>
#include <system_error>

#include "net/readiness.hpp"

namespace mqtk {

class Loop;

// Does not own the descriptor, which stays open while this lives; does not outlive its Loop.
class DescriptorWatch final : Watched {
 public:
  DescriptorWatch(Loop& loop, int descriptor, std::function<void()> readable);
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;
  ~DescriptorWatch();

  // Calls back once, from the Loop, when there is something to read: bytes, the end or an error. The callback may
  // destroy this. An error here means that this kind of descriptor cannot be waited for.
  [[nodiscard]] std::error_code await_readable();

 private:
  void on_fd_readable() override;
  void on_fd_writable() override {}

  Readiness& readiness_;
  std::function<void()> readable_;
  int descriptor_;
  bool watched_ = false;
};

}  // namespace mqtk
