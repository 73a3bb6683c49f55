#include "broker/control_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>

#include "base/bytes.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "net/file_descriptor.hpp"

namespace mqtk::broker_program {
namespace {

using cli::Accepted;
using cli::ExitStatus;

struct Command {
  std::string_view name;
  std::string_view argument;  // what it may be told; empty for nothing
  std::string_view member;    // of the request
  bool required;
};

constexpr Command commands[] = {
    {"bridges", "", "", false},  {"clear-faults", "", "", false},
    {"clients", "", "", false},  {"dump", "", "", false},
    {"events", "", "", false},   {"fault", "RULE", "rule", true},
    {"faults", "", "", false},   {"kick", "CLIENT", "client_identifier", true},
    {"reset", "", "", false},    {"retained", "FILTER", "topic_filter", false},
    {"sessions", "", "", false}, {"subscriptions", "CLIENT", "client_identifier", false},
};

constexpr std::string_view error_begin = "{\"error\":";

const Command* find_command(std::string_view name) {
  const auto* const found = std::ranges::find(commands, name, &Command::name);
  return found == std::end(commands) ? nullptr : found;
}

Accepted check(const ControlOptions& options) {
  if (options.socket.empty()) return std::unexpected("--control is missing: the socket that the broker was given");
  const Command* command = find_command(options.words.front());
  if (command == nullptr) return std::unexpected(fmt::format("unknown command '{}'", options.words.front()));
  const std::size_t given = options.words.size() - 1;
  if (command->required && given == 0) {
    return std::unexpected(fmt::format("{} needs a {}", command->name, command->argument));
  }
  if (given > (command->argument.empty() ? 0U : 1U)) {
    return std::unexpected(fmt::format("unexpected word '{}'", options.words.back()));
  }
  if (!is_mqtt_text(as_bytes(options.words.back()))) return std::unexpected("the argument is not valid UTF-8");
  return {};
}

std::string request_of(const ControlOptions& options) {
  const Command& command = *find_command(options.words.front());
  std::string request = fmt::format("{{\"command\":\"{}\"", command.name);
  if (options.words.size() > 1) {
    request += fmt::format(",\"{}\":", command.member);
    append_json_string(request, options.words[1]);
  }
  return request + "}\n";
}

std::expected<FileDescriptor, int> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected(ENAMETOOLONG);
  std::copy(path.begin(), path.end(), address.sun_path);
  if (path.front() == '@') address.sun_path[0] = '\0';
  FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM, 0)};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (!socket.is_open() || ::connect(socket.number(), reinterpret_cast<const ::sockaddr*>(&address), size) != 0) {
    return std::unexpected(errno);
  }
  return socket;
}

bool send_all(const FileDescriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(socket.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Of an answer that is nothing but an error.
ExitStatus report_error(std::string_view line) {
  // {"error":"…"}: escapes in it, if any, are as readable as their meaning.
  line.remove_prefix(error_begin.size() + 1);
  cli::report(line.substr(0, line.rfind('"')));
  return ExitStatus::refused_later;
}

ExitStatus print_answer(const FileDescriptor& socket) {
  cli::Output output;
  std::string begin;  // until it is known not to be an error
  bool is_answer = false;
  char block[64 * 1024];
  for (;;) {
    const ssize_t count = ::read(socket.number(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    std::string_view came{block, static_cast<std::size_t>(count)};
    if (!is_answer) {
      begin += came;
      is_answer = begin.size() >= error_begin.size() && !begin.starts_with(error_begin);
      if (!is_answer) continue;
      came = begin;
    }
    output.write(came);
    if (!output.flush()) return output.status();
  }
  if (begin.starts_with(error_begin)) return report_error(begin);
  return ExitStatus::done;
}

}  // namespace

bool is_control_command(std::string_view word) { return find_command(word) != nullptr; }

std::vector<std::string> control_commands() {
  std::vector<std::string> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  return names;
}

cli::OptionTable control_option_table(ControlOptions& options) {
  cli::OptionTable table{{
      .name = "mqtk-broker",
      .summary = "ask a running broker, or tell it what to do",
      .synopsis = {"bridges | clients | clear-faults | dump | events | faults | reset | sessions [--control SOCKET]",
                   "fault RULE [--control SOCKET]", "retained [FILTER] [--control SOCKET]",
                   "subscriptions [CLIENT] [--control SOCKET]", "kick CLIENT [--control SOCKET]"},
      .description = "Prints JSON, an object a line. See mqtk-broker(1).",
  }};
  table.group("General");
  table.add({.long_name = "control",
             .value = "SOCKET",
             .help = "The socket that the broker was given with --control",
             .completion = cli::Completion::file,
             .environment = "MQTK_CONTROL",
             .set = cli::store(options.socket)});
  table.add(cli::Positional{.value = "WORD",
                            .help = "Command, and what it is about",
                            .manual = {},
                            .completion = cli::Completion::none,
                            .repeatable = true,
                            .set = cli::append(options.words)});
  table.check([&options] { return check(options); });
  return table;
}

ExitStatus run_control(const ControlOptions& options) {
  const auto socket = connect_to(options.socket);
  if (!socket) {
    cli::report(fmt::format("cannot reach a broker at '{}': {}; was it started with --control?", options.socket,
                            std::strerror(socket.error())));
    return ExitStatus::not_connected;
  }
  if (!send_all(*socket, request_of(options))) {
    cli::report(fmt::format("the broker at '{}' has gone", options.socket));
    return ExitStatus::connection_lost;
  }
  return print_answer(*socket);
}

}  // namespace mqtk::broker_program
