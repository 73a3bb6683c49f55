// Asks at the terminal for what must not appear there.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mqtk::cli {

// The line that is typed at the terminal after `question`, as of read_secret_line(). Asks at the terminal itself, since
// standard input may carry messages.
//
// A signal that ends or stops the program meanwhile (Ctrl-C, Ctrl-Z, SIGTERM, SIGHUP) does so as if nobody had caught
// it, but with the echo on again; after a stop it is asked again.
[[nodiscard]] std::expected<std::string, std::string> ask_without_echo(std::string_view question);

}  // namespace mqtk::cli
