#include "cli/silent_prompt.hpp"

#include <fcntl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "cli/secret_line.hpp"

namespace mqtk::cli {
namespace {

void write_text(int terminal, std::string_view text) {
  [[maybe_unused]] const auto written = ::write(terminal, text.data(), text.size());
}

// Keeps the signals that end or stop the program from doing so until somebody lets them.
class HeldSignals {
 public:
  HeldSignals() {
    came_ = 0;
    sigset_t held;
    sigemptyset(&held);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      struct sigaction noted{};
      noted.sa_handler = [](int number) { came_ = number; };
      ::sigaction(numbers[i], nullptr, &before_[i]);
      // Where one is ignored, as nohup wants, it stays so.
      if (before_[i].sa_handler == SIG_IGN) continue;
      ::sigaction(numbers[i], &noted, nullptr);
      sigaddset(&held, numbers[i]);
    }
    ::pthread_sigmask(SIG_BLOCK, &held, &mask_before_);
  }
  ~HeldSignals() {
    for (std::size_t i = 0; i < numbers.size(); ++i) ::sigaction(numbers[i], &before_[i], nullptr);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Waits until the terminal can be read or a signal comes; false if one came. They can come only here. (Not poll():
  // some systems have none for terminals.)
  [[nodiscard]] bool wait_for(int terminal) const {
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(terminal, &readable);
    ::pselect(terminal + 1, &readable, nullptr, nullptr, nullptr, &mask_before_);
    return came_ == 0;
  }

  // The number of the signal that came, 0 if none did.
  [[nodiscard]] static int came() { return came_; }

  // Lets it do what it does where nobody catches it; returns when a stopped program goes on.
  static void deliver() {
    const int number = std::exchange(came_, 0);
    struct sigaction standard{};
    struct sigaction ours{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(number, &standard, &ours);
    std::raise(number);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    ::sigaction(number, &ours, nullptr);
  }

 private:
  static constexpr std::array numbers{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  inline static volatile std::sig_atomic_t came_ = 0;
  std::array<struct sigaction, numbers.size()> before_{};
  sigset_t mask_before_{};
};

// The terminal without echo, for as long as this lives.
class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    ::tcgetattr(terminal, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ICANON;
    ::tcsetattr(terminal, TCSAFLUSH, &silent);
  }
  ~EchoOff() {
    write_text(terminal_, "\n");
    ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int terminal_;
  termios before_{};
};

}  // namespace

std::expected<std::string, std::string> ask_without_echo(std::string_view question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0 || terminal >= FD_SETSIZE) return std::unexpected("there is no terminal to ask at");
  std::expected<std::string, std::string> line;
  const HeldSignals signals;
  for (;;) {
    {
      const EchoOff silent(terminal);
      write_text(terminal, question);
      line = read_secret_line(terminal, [&] { return signals.wait_for(terminal); });
    }
    if (HeldSignals::came() == 0) break;
    HeldSignals::deliver();
  }
  ::close(terminal);
  return line;
}

}  // namespace mqtk::cli
