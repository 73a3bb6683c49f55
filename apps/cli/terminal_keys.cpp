#include "cli/terminal_keys.hpp"

#include <unistd.h>

namespace mqtk::cli {

TerminalKeys::TerminalKeys(Loop& loop, std::function<void(char)> pressed) : pressed_(std::move(pressed)) {
  // A program in the background would be stopped by the change.
  const bool ours = ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  if (!ours || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
  termios changed = before_;
  changed.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays a signal
  changed.c_cc[VMIN] = 1;
  changed.c_cc[VTIME] = 0;
  changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &changed) == 0;
  watch_ = std::make_unique<DescriptorWatch>(loop, STDIN_FILENO, [this] { read(); });
  (void)watch_->await_readable();
}

TerminalKeys::~TerminalKeys() {
  if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void TerminalKeys::read() {
  // Who types fast, or pastes, sends several at once.
  char keys[64];
  const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
  if (count <= 0) return;
  (void)watch_->await_readable();
  for (ssize_t i = 0; i < count; ++i) pressed_(keys[i]);
}

}  // namespace mqtk::cli
