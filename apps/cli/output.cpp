#include "cli/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace mqtk::cli {

namespace {

struct Diagnostics {
  std::string program = "mqtk";
  Quiet quiet = Quiet::no;
};

Diagnostics& diagnostics() {
  static Diagnostics instance;
  return instance;
}

// 0, or the errno that ended it. A descriptor that some other program made non-blocking is waited for.
int write_all(int descriptor, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(descriptor, data.data(), data.size());
    if (written >= 0) {
      data.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{descriptor, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// Broker's and user's text may hold anything, but a line stays a line and sends no control sequences.
std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  return line;
}

bool names_regular_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

Output::Output(int descriptor) : descriptor_(descriptor), regular_file_(names_regular_file(descriptor)) {}

Output::~Output() { flush(); }

void Output::write(std::string_view data) {
  if (ended_) return;
  buffer_.append(data);
  wrote();
}

void Output::write_long(std::string_view data) {
  if (!flush()) return;
  if (const int error = write_all(descriptor_, data); error != 0) end(error);
}

bool Output::flush() {
  if (ended_) {
    drop();
    return false;
  }
  if (buffer_.empty()) return true;
  const int error = write_all(descriptor_, std::string_view{buffer_}.substr(written_));
  drop();
  if (error == 0) return true;
  end(error);
  return false;
}

void Output::end(int error) {
  drop();
  ended_ = true;
  if (error == EPIPE) return;
  status_ = ExitStatus::local_failure;
  report(fmt::format("cannot write to standard output: {}", std::generic_category().message(error)));
}

Output::Flushed Output::flush_ready() {
  if (regular_file_) return flush() ? Flushed::all : Flushed::ended;
  if (ended_) return Flushed::ended;
  while (written_ < buffer_.size()) {
    pollfd writable{descriptor_, POLLOUT, 0};
    if (::poll(&writable, 1, 0) == 0) break;
    // A pipe that can be written takes this much at once: a larger block would wait for the reader.
    const ssize_t count =
        ::write(descriptor_, buffer_.data() + written_, std::min<std::size_t>(buffer_.size() - written_, PIPE_BUF));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) {
      end(errno);
      return Flushed::ended;
    }
    written_ += static_cast<std::size_t>(count);
  }
  if (written_ == buffer_.size()) {
    drop();
    return Flushed::all;
  }
  // What is left moves to the front seldom enough that a long message is not moved for each bit that a pipe takes.
  if (written_ * 2 > buffer_.size()) buffer_.erase(0, std::exchange(written_, 0));
  return Flushed::part;
}

bool use_color(ColorChoice choice, int descriptor) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  const char* terminal = std::getenv("TERM");
  if (is_set("NO_COLOR") || (terminal != nullptr && std::string_view{terminal} == "dumb")) return false;
  return ::isatty(descriptor) == 1;
}

void occupy_standard_descriptors() {
  // Opened in the wrong direction, so that using it still fails.
  for (const int descriptor : {0, 1, 2}) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    const int opened = ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
    if (opened > descriptor) ::close(opened);
  }
}

void set_program_name(std::string name) { diagnostics().program = std::move(name); }
const std::string& program_name() { return diagnostics().program; }
void set_quiet(Quiet quiet) { diagnostics().quiet = quiet; }

bool is_quiet() { return diagnostics().quiet == Quiet::yes; }

void report(std::string_view text) {
  if (diagnostics().quiet == Quiet::no) report_usage(text);
}

void report_usage(std::string_view text) {
  write_all(2, fmt::format("{}: {}\n", diagnostics().program, one_line(text)));
}

}  // namespace mqtk::cli
