#include "cli/output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

using namespace mqtk;
using namespace mqtk::cli;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    close_reader();
    ::close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) ::close(ends[0]);
    ends[0] = -1;
  }
  // What has arrived so far.
  std::string read() {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::string text;
    char block[4096];
    for (ssize_t n = ::read(ends[0], block, sizeof block); n > 0; n = ::read(ends[0], block, sizeof block)) {
      text.append(block, static_cast<std::size_t>(n));
    }
    return text;
  }
  int ends[2] = {-1, -1};
};

// stderr goes to a pipe while this lives.
struct CapturedErrors {
  CapturedErrors() : saved(::dup(2)) { ::dup2(pipe.ends[1], 2); }
  ~CapturedErrors() {
    ::dup2(saved, 2);
    ::close(saved);
  }
  Pipe pipe;
  int saved;
};

}  // namespace

TEST_CASE("output waits for flush") {
  Pipe pipe;
  Output output{pipe.ends[1]};
  output.write("one\n");
  CHECK(pipe.read() == "");
  CHECK(output.flush());
  CHECK(pipe.read() == "one\n");
}

TEST_CASE("a full block is written without being asked") {
  Pipe pipe;
  Output output{pipe.ends[1]};
  output.write(std::string(60'000, 'a'));
  CHECK(pipe.read() == "");
  ::fcntl(pipe.ends[1], F_SETPIPE_SZ, 1 << 20);
  output.write(std::string(60'000, 'b'));
  CHECK(pipe.read().size() == 120'000);
}

TEST_CASE("what is left is written at the end") {
  Pipe pipe;
  {
    Output{pipe.ends[1]}.write("last");
  }
  CHECK(pipe.read() == "last");
}

TEST_CASE("a reader that has gone is a clean end") {
  std::signal(SIGPIPE, SIG_IGN);
  CapturedErrors errors;
  Pipe pipe;
  pipe.close_reader();
  Output output{pipe.ends[1]};
  output.write("x");
  CHECK_FALSE(output.flush());
  CHECK(output.ended());
  CHECK(output.status() == ExitStatus::done);
  CHECK(errors.pipe.read() == "");
}

TEST_CASE("a full disk is told in one line and ends with status 9") {
  CapturedErrors errors;
  set_program_name("mqtk-example");
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  {
    Output output{full};
    output.write("x");
    CHECK_FALSE(output.flush());
    output.write("more");
    CHECK_FALSE(output.flush());
    CHECK(output.status() == ExitStatus::local_failure);
  }
  ::close(full);
  CHECK(errors.pipe.read() == "mqtk-example: cannot write to standard output: No space left on device\n");
}

TEST_CASE("a descriptor that somebody made non-blocking loses nothing") {
  Pipe pipe;
  ::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK);
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::close(pipe.ends[1]);
    ::usleep(20'000);
    std::size_t total = 0;
    char block[4096];
    for (ssize_t n = ::read(pipe.ends[0], block, sizeof block); n > 0; n = ::read(pipe.ends[0], block, sizeof block)) {
      total += static_cast<std::size_t>(n);
    }
    ::_exit(total == 300'000 ? 0 : 1);
  }
  pipe.close_reader();
  {
    Output output{pipe.ends[1]};
    output.write(std::string(300'000, 'x'));
    CHECK(output.flush());
  }
  ::close(std::exchange(pipe.ends[1], -1));
  int status = -1;
  ::waitpid(reader, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("an error is one line, whatever the text holds") {
  CapturedErrors errors;
  set_program_name("mqtk-example");
  report("refused: \"go\naway\x1b[2J\x7f\" \xC3\xA4");
  CHECK(errors.pipe.read() == "mqtk-example: refused: \"go\\naway\\x1b[2J\\x7f\" \xC3\xA4\n");
}

TEST_CASE("--quiet silences what happens, not what was asked wrongly") {
  CapturedErrors errors;
  set_program_name("mqtk-example");
  set_quiet(Quiet::yes);
  report("connection lost");
  report_usage("no topic");
  set_quiet(Quiet::no);
  CHECK(errors.pipe.read() == "mqtk-example: no topic\n");
}

TEST_CASE("colour is for terminals, unless asked for otherwise") {
  Pipe pipe;
  CHECK(use_color(ColorChoice::always, pipe.ends[1]));
  CHECK_FALSE(use_color(ColorChoice::never, pipe.ends[1]));
  CHECK_FALSE(use_color(ColorChoice::automatic, pipe.ends[1]));
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) return;
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  CHECK(use_color(ColorChoice::automatic, terminal));
  ::setenv("NO_COLOR", "1", 1);
  CHECK_FALSE(use_color(ColorChoice::automatic, terminal));
  CHECK(use_color(ColorChoice::always, terminal));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  CHECK_FALSE(use_color(ColorChoice::automatic, terminal));
  ::close(terminal);
}
