// Single key presses on the terminal that standard input is.
#pragma once

#include <termios.h>

#include <functional>
#include <memory>

#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::cli {

// While it lives keys come without Return and are not shown. Does nothing where standard input is no terminal.
//
// Ctrl-Z (SIGTSTP) gives the terminal back before the process stops, and it is taken again when the process goes on in
// the foreground.
class TerminalKeys {
 public:
  struct Events {
    std::function<void(char)> pressed;
    // Around the time for which the terminal is somebody else's; may be empty.
    std::function<void()> before_stop = {};
    std::function<void()> after_stop = {};
  };

  // No event may destroy this.
  TerminalKeys(Loop& loop, Events events);
  TerminalKeys(const TerminalKeys&) = delete;
  TerminalKeys& operator=(const TerminalKeys&) = delete;
  ~TerminalKeys();

 private:
  void take();
  void give_back();
  void signal_came(int number);
  void read();

  Loop& loop_;
  Events events_;
  std::unique_ptr<SignalWatch> signals_;
  std::unique_ptr<DescriptorWatch> watch_;
  termios before_{};
  bool changed_ = false;
};

}  // namespace mqtk::cli
