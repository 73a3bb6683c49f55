// Ends the wait of a Loop from another thread or from a signal handler. Private to lib/net.
#pragma once

#include "net/file_descriptor.hpp"

namespace mqtk {

class Wakeup {
 public:
  Wakeup();  // is_open() is false when descriptors ran out

  [[nodiscard]] bool is_open() const { return reading_.is_open(); }
  [[nodiscard]] int reading_end() const { return reading_.number(); }
  [[nodiscard]] int writing_end() const { return writing_.number(); }

  // Any thread.
  void wake() const;
  // Takes all that was written, so that the reading end is quiet again.
  void settle() const;

 private:
  FileDescriptor reading_;
  FileDescriptor writing_;
};

}  // namespace mqtk
