#include "sub/watch.hpp"

#include <sys/ioctl.h>

#include <utility>

namespace mqtk::sub {
namespace {

constexpr Duration often = std::chrono::milliseconds{250};
constexpr Duration seldom = std::chrono::seconds{1};
constexpr std::size_t many_topics = 5'000;  // to sort them takes a while

// What ECMA-48 and xterm call them.
constexpr std::string_view other_screen = "\x1b[?1049h\x1b[?25l";  // and no cursor
constexpr std::string_view first_screen = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view inverse = "\x1b[7m";
constexpr std::string_view normal = "\x1b[0m";
constexpr std::string_view erase_line = "\x1b[K";

WatchTable::Size terminal_size(int descriptor) {
  WatchTable::Size size;
  winsize told{};
  if (::ioctl(descriptor, TIOCGWINSZ, &told) == 0 && told.ws_col > 0 && told.ws_row > 0) {
    size = {.columns = told.ws_col, .rows = told.ws_row};
  }
  return size;
}

}  // namespace

Watch::Watch(Loop& loop, cli::Output& output, std::string title, std::function<void()> leave)
    : loop_(loop), output_(output), leave_(std::move(leave)), table_(std::move(title)), tick_(loop, [this] {
        tick();
      }) {}

void Watch::open() {
  if (keys_ != nullptr) return;
  keys_ = std::make_unique<cli::TerminalKeys>(loop_, cli::TerminalKeys::Events{
                                                         .pressed = [this](char key) { pressed(key); },
                                                         .before_stop = [this] { leave_screen(); },
                                                         .after_stop = [this] { take_screen(); },
                                                     });
  take_screen();
  tick();
}

void Watch::close() {
  if (keys_ == nullptr) return;
  keys_.reset();
  tick_.cancel();
  leave_screen();
}

void Watch::take_screen() {
  screen_is_ours_ = true;
  on_screen_.clear();
  output_.write(other_screen);
  draw();
}

void Watch::leave_screen() {
  if (!std::exchange(screen_is_ours_, false)) return;
  output_.write(first_screen);
  output_.flush();
}

void Watch::pressed(char key) {
  // Leaving closes the keyboard that is just calling.
  if (!table_.press(key)) return loop_.post([this] { leave_(); });
  draw();
}

void Watch::tick() {
  draw();
  tick_.arm(loop_.now() + (table_.topics() > many_topics ? seldom : often));
}

void Watch::draw() {
  if (!screen_is_ours_) return;
  std::string picture{home};
  std::size_t row = 0;
  for (const std::string& line : table_.lines(terminal_size(output_.descriptor()), loop_.now())) {
    if (row > 0) picture += "\r\n";
    picture += erase_line;  // before the text: behind a full line it would take the last character
    if (row == 1) picture += inverse;
    picture += line;
    if (row == 1) picture += normal;
    ++row;
  }
  if (picture == on_screen_) return;
  output_.write(picture);
  output_.flush();
  on_screen_ = std::move(picture);
}

}  // namespace mqtk::sub
