#include "cli/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "cli/secret_line.hpp"
#include "cli/setters.hpp"
#include "cli/silent_prompt.hpp"

namespace mqtk::cli {
namespace {

using Secret = std::expected<std::string, std::string>;

std::string reason(int error) { return std::system_category().message(error); }

Secret from_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected("cannot be read: " + reason(errno));
  Secret line = read_secret_line(descriptor);
  ::close(descriptor);
  return line;
}

Secret from_command(const std::string& command) {
  std::FILE* const output = ::popen(command.c_str(), "re");
  if (output == nullptr) return std::unexpected("cannot be run: " + reason(errno));
  Secret line = read_secret_line(::fileno(output));
  const int status = ::pclose(output);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return std::unexpected(fmt::format("ended with status {}", WEXITSTATUS(status)));
  }
  return line;
}

Secret secret_of(const SecretSource& source, std::string_view what) {
  switch (source.kind) {
    case SecretSource::Kind::file: return from_file(source.value);
    case SecretSource::Kind::descriptor: return read_secret_line(std::atoi(source.value.c_str()));
    case SecretSource::Kind::environment: {
      const char* value = std::getenv(source.value.c_str());
      if (value == nullptr || *value == '\0') return std::unexpected("is not set");
      return value;
    }
    case SecretSource::Kind::prompt: return ask_without_echo(fmt::format("{}: ", what));
    case SecretSource::Kind::command: return from_command(source.value);
  }
  return std::unexpected("is unknown");
}

std::string source_text(const SecretSource& source) {
  switch (source.kind) {
    case SecretSource::Kind::file: return fmt::format("file '{}'", source.value);
    case SecretSource::Kind::descriptor: return fmt::format("descriptor {}", source.value);
    case SecretSource::Kind::environment: return fmt::format("variable {}", source.value);
    case SecretSource::Kind::prompt: return "answer";
    // A command may hold secrets of its own.
    case SecretSource::Kind::command: return "command";
  }
  return "";
}

}  // namespace

std::expected<SecretSource, std::string> parse_secret_source(std::string_view text) {
  using Kind = SecretSource::Kind;
  if (text == "prompt") return SecretSource{};
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view word = text.substr(0, colon);
  SecretSource source{.value = std::string(text.substr(std::min(colon + 1, text.size())))};
  if (word == "file") {
    source.kind = Kind::file;
  } else if (word == "fd") {
    source.kind = Kind::descriptor;
    if (!parse_number(source.value, 0, 65'535)) return std::unexpected("the descriptor is not a number");
  } else if (word == "env") {
    source.kind = Kind::environment;
  } else if (word == "command") {
    source.kind = Kind::command;
  } else {
    return std::unexpected("not file:PATH, fd:NUMBER, env:NAME, command:COMMAND or prompt");
  }
  if (source.value.empty()) return std::unexpected(fmt::format("nothing follows '{}:'", word));
  return source;
}

Secret read_secret(const SecretSource& source, std::string_view what) {
  if (source.kind == SecretSource::Kind::prompt && !can_prompt()) {
    return std::unexpected(
        fmt::format("{}: there is no terminal to ask at; take it from file:PATH, fd:NUMBER, env:NAME or "
                    "command:COMMAND instead",
                    what));
  }
  Secret secret = secret_of(source, what);
  if (!secret) return std::unexpected(fmt::format("{}: the {} {}", what, source_text(source), secret.error()));
  return secret;
}

bool can_prompt() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

}  // namespace mqtk::cli
