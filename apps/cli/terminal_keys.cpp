#include "cli/terminal_keys.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace mqtk::cli {
namespace {

// A program in the background would be stopped by a change of the terminal.
bool is_in_foreground() { return ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

// As if nobody had caught the signal; returns when the process goes on.
void stop_process() {
  struct sigaction ours{};
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &standard, &ours);
  std::raise(SIGTSTP);
  ::sigaction(SIGTSTP, &ours, nullptr);
}

}  // namespace

TerminalKeys::TerminalKeys(Loop& loop, Events events) : loop_(loop), events_(std::move(events)) {
  if (::isatty(STDIN_FILENO) != 1) return;
  signals_ = std::make_unique<SignalWatch>(loop, std::initializer_list<int>{SIGTSTP, SIGCONT},
                                           [this](int number) { signal_came(number); });
  take();
}

TerminalKeys::~TerminalKeys() { give_back(); }

void TerminalKeys::take() {
  if (!is_in_foreground()) return;
  if (!changed_ && ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
  termios changed = before_;
  changed.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z stay signals
  changed.c_cc[VMIN] = 1;
  changed.c_cc[VTIME] = 0;
  changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &changed) == 0;
  if (watch_ != nullptr) return;
  watch_ = std::make_unique<DescriptorWatch>(loop_, STDIN_FILENO, [this] { read(); });
  (void)watch_->await_readable();
}

void TerminalKeys::give_back() {
  watch_.reset();
  if (std::exchange(changed_, false)) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void TerminalKeys::signal_came(int number) {
  if (number == SIGTSTP) {
    if (events_.before_stop) events_.before_stop();
    give_back();
    return stop_process();  // then SIGCONT comes
  }
  if (!is_in_foreground()) return;  // comes again with the foreground
  take();
  if (events_.after_stop) events_.after_stop();
}

void TerminalKeys::read() {
  // Who types fast, or pastes, sends several at once.
  char keys[64];
  const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
  if (count <= 0) return;
  (void)watch_->await_readable();
  for (ssize_t i = 0; i < count; ++i) events_.pressed(keys[i]);
}

}  // namespace mqtk::cli
