// Secrets from where other users of the machine cannot read them: a file, a descriptor, the environment, a prompt
// without echo, the output of a command.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mqtk::cli {

struct SecretSource {
  enum class Kind : unsigned char { file, descriptor, environment, prompt, command };
  Kind kind = Kind::prompt;
  std::string value = {};  // path, number, name or command line

  // Whether it may say something else when it is read again, as a token that is renewed does.
  [[nodiscard]] bool may_change() const { return kind == Kind::file || kind == Kind::command; }
};

// "file:PATH", "fd:NUMBER", "env:NAME", "command:COMMAND" or "prompt".
[[nodiscard]] std::expected<SecretSource, std::string> parse_secret_source(std::string_view text);

// The first line of what the source says. `what` is asked for in a prompt and named in errors: "password". A command is
// run by the shell and waited for. Never empty.
[[nodiscard]] std::expected<std::string, std::string> read_secret(const SecretSource& source, std::string_view what);

// Whether somebody can be asked: there is a terminal.
[[nodiscard]] bool can_prompt();

}  // namespace mqtk::cli
