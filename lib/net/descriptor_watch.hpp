// Tells when a program's own descriptor, such as standard input, can be read or written.
//
// For pipes, terminals and sockets. A regular file is always ready and must not be waited for.
#pragma once

#include <functional>
#include <system_error>

#include "net/readiness.hpp"

namespace mqtk {

class Loop;

// Does not own the descriptor, which stays open while this lives; does not outlive its Loop.
class DescriptorWatch final : Watched {
 public:
  DescriptorWatch(Loop& loop, int descriptor, std::function<void()> ready);
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;
  ~DescriptorWatch();

  // Calls back once, from the Loop, when there is something to read: bytes, the end or an error. The callback may
  // destroy this. An error here means that this kind of descriptor cannot be waited for.
  [[nodiscard]] std::error_code await_readable() { return await({.read = true}); }
  // The same when something can be written, or the reader has gone.
  [[nodiscard]] std::error_code await_writable() { return await({.write = true}); }

 private:
  void on_fd_readable() override { call_back(); }
  void on_fd_writable() override { call_back(); }
  [[nodiscard]] std::error_code await(Interest interest);
  void call_back();

  Readiness& readiness_;
  std::function<void()> ready_;
  int descriptor_;
  bool watched_ = false;
};

}  // namespace mqtk
