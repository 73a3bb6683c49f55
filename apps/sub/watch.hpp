// --watch: shows a WatchTable on the terminal, and hands it the keys.
#pragma once

#include <functional>
#include <string>

#include "cli/output.hpp"
#include "cli/terminal_keys.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "sub/watch_table.hpp"

namespace mqtk::sub {

class Watch {
 public:
  // Loop and output outlive it. `leave` is called when the user wants to leave.
  Watch(Loop& loop, cli::Output& output, std::string title, std::function<void()> leave);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { close(); }

  // Takes over the screen.
  void open();
  // Gives the screen back: errors can be read again.
  void close();

  [[nodiscard]] WatchTable& table() { return table_; }
  // After a change of the terminal's size.
  void draw();

 private:
  void take_screen();
  void leave_screen();
  void pressed(char key);
  void tick();

  Loop& loop_;
  cli::Output& output_;
  std::function<void()> leave_;
  WatchTable table_;
  Timer tick_;
  std::unique_ptr<cli::TerminalKeys> keys_;
  bool screen_is_ours_ = false;
  std::string on_screen_;
};

}  // namespace mqtk::sub
