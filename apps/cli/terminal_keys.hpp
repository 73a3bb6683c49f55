// Single key presses on the terminal that standard input is.
#pragma once

#include <termios.h>

#include <functional>
#include <memory>

#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"

namespace mqtk::cli {

// While it lives keys come without Return and are not shown. Does nothing where standard input is no terminal.
class TerminalKeys {
 public:
  // `pressed` must not destroy this.
  TerminalKeys(Loop& loop, std::function<void(char)> pressed);
  TerminalKeys(const TerminalKeys&) = delete;
  TerminalKeys& operator=(const TerminalKeys&) = delete;
  ~TerminalKeys();

 private:
  void read();

  std::function<void(char)> pressed_;
  std::unique_ptr<DescriptorWatch> watch_;
  termios before_{};
  bool changed_ = false;
};

}  // namespace mqtk::cli
