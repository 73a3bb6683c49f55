#include "cli/silent_prompt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace mqtk::cli {
namespace {

constexpr std::size_t max_line_bytes = 65'535;

void write_text(int terminal, std::string_view text) {
  [[maybe_unused]] const auto written = ::write(terminal, text.data(), text.size());
}

// Keeps the signals that end or stop the program waiting until somebody asks for them.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
      struct sigaction action{};
      // A blocked signal would come even where it is ignored, as nohup wants.
      if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&held_, number);
    }
    ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
    descriptor_ = ::signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~HeldSignals() {
    ::close(descriptor_);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Readable while a signal waits.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  // The number of one that waits, 0 if none does.
  [[nodiscard]] int take() const {
    signalfd_siginfo came{};
    return ::read(descriptor_, &came, sizeof came) == sizeof came ? static_cast<int>(came.ssi_signo) : 0;
  }

  // Lets it do what it does where nobody catches it; returns when a stopped program goes on.
  static void deliver(int number) {
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
  sigset_t held_{};
  sigset_t before_{};
  int descriptor_ = -1;
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

struct Typed {
  std::string line = {};
  int error = 0;   // of reading
  int signal = 0;  // that came before the end of the line
};

Typed read_line(int terminal, const HeldSignals& signals) {
  Typed typed;
  while (typed.line.size() <= max_line_bytes) {
    std::array<pollfd, 2> ready{pollfd{.fd = terminal, .events = POLLIN, .revents = 0},
                                pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0) continue;
    typed.signal = signals.take();
    if (typed.signal != 0) return typed;
    if (ready[0].revents == 0) continue;
    std::array<char, 4096> block{};
    const ssize_t count = ::read(terminal, block.data(), block.size());  // ends with the line
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) typed.error = errno;
    if (count <= 0) return typed;
    typed.line.append(block.data(), static_cast<std::size_t>(count));
    if (typed.line.ends_with('\n')) {
      typed.line.pop_back();
      return typed;
    }
  }
  return typed;
}

}  // namespace

std::expected<std::string, std::string> ask_without_echo(std::string_view question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return std::unexpected("there is no terminal to ask at");
  Typed typed;
  const HeldSignals signals;
  do {
    {
      const EchoOff silent(terminal);
      write_text(terminal, question);
      typed = read_line(terminal, signals);
    }
    if (typed.signal != 0) HeldSignals::deliver(typed.signal);
  } while (typed.signal != 0);
  ::close(terminal);
  if (typed.error != 0) return std::unexpected("cannot be read: " + std::system_category().message(typed.error));
  if (typed.line.size() > max_line_bytes) return std::unexpected("is longer than 65535 bytes");
  return typed.line;
}

}  // namespace mqtk::cli
