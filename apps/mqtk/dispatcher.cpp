#include "mqtk/dispatcher.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "cli/documents.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/suggestion.hpp"
#include "mqtk/completion.hpp"
#include "mqtk/programs.hpp"

namespace mqtk::dispatcher {

namespace {

using cli::ExitStatus;
using cli::to_int;

cli::OptionTable option_table() {
  cli::OptionTable table{{
      .name = "mqtk",
      .summary = "MQTT toolkit: publish, subscribe, decode packets and run a local broker",
      .synopsis = {"PROGRAM [ARGUMENT]...", "help [PROGRAM]", "--help | --version"},
      .description =
          "Calls the program mqtk-PROGRAM with the arguments: mqtk pub is mqtk-pub. It is looked for in the folder of "
          "mqtk itself, then in PATH.\n\nWithout arguments mqtk lists the programs that it finds. mqtk help PROGRAM "
          "shows the manual of a program.",
      .examples = {{"List the programs", "mqtk"},
                   {"Start a broker, and subscribe to everything in another terminal", "mqtk broker & mqtk sub -t '#'"},
                   {"Show the manual of mqtk-pub", "mqtk help pub"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage},
      .see_also = {"mqtk-broker(1)", "mqtk-inspect(1)", "mqtk-proxy(1)", "mqtk-pub(1)", "mqtk-record(1)",
                   "mqtk-recording(1)", "mqtk-replay(1)", "mqtk-request(1)", "mqtk-respond(1)", "mqtk-sub(1)"},
  }};
  table.group("General");
  table.add({.long_name = "help", .help = "List the programs", .set = nullptr});
  table.add({.long_name = "version", .help = "Show the version", .set = nullptr});
  return table;
}

int print(std::string_view text) {
  cli::Output output;
  output.write(text);
  output.flush();
  return to_int(output.status());
}

std::string overview(const std::vector<std::string>& folders) {
  std::string text =
      "mqtk: an MQTT toolkit.\n\n"
      "Usage: mqtk PROGRAM [ARGUMENT]...\n"
      "       mqtk help PROGRAM\n";
  const std::vector<std::string> names = program_names(folders);
  if (!names.empty()) text += "\nPrograms:\n";
  for (const std::string& name : names) {
    // Only those beside mqtk are surely its own and can be asked.
    const auto own = find_program(name, {folders.front()});
    const std::string summary = own ? summary_of(*own) : "";
    text += summary.empty() ? fmt::format("  {}\n", name) : fmt::format("  {:<12}{}\n", name, summary);
  }
  return text;
}

std::string name_lines(const std::vector<std::string>& folders) {
  std::string text;
  for (const std::string& name : program_names(folders)) text += name + "\n";
  return text;
}

int unknown(std::string_view name, const std::vector<std::string>& folders) {
  const auto near = cli::nearest(name, program_names(folders));
  cli::report_usage(near ? fmt::format("unknown program '{}'; did you mean '{}'?", name, *near)
                         : fmt::format("unknown program '{}'; mqtk without arguments lists all", name));
  return to_int(ExitStatus::usage);
}

// Becomes `path`; returns only where that fails.
int become(const std::string& path, std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);  // an ignored signal would stay ignored in the program
  ::execv(path.c_str(), pointers.data());
  cli::report_usage(fmt::format("cannot execute {}: {}", path, std::generic_category().message(errno)));
  return to_int(ExitStatus::local_failure);
}

// The manual where it is installed, else --help.
int help(const std::string& name, const std::vector<std::string>& folders) {
  const auto path = find_program(name, folders);
  if (!path) return unknown(name, folders);
  const std::string program = "mqtk-" + name;
  // The name has been found as a file, but goes through a shell here: only plain ones.
  const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (plain && std::system(fmt::format("man -w {} >/dev/null 2>&1", program).c_str()) == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    ::execlp("man", "man", program.c_str(), static_cast<char*>(nullptr));
  }
  return become(*path, {program, "--help"});
}

int generate(std::string_view kind, const std::vector<std::string>& folders) {
  if (kind == "man") return print(cli::manual_page(option_table()));
  if (kind == "names") return print(name_lines(folders));
  if (const std::string_view text = completion(kind); !text.empty()) return print(text);
  cli::report_usage(fmt::format("--generate '{}': not one of man, bash, zsh, fish, names", kind));
  return to_int(ExitStatus::usage);
}

}  // namespace

int dispatch(int argc, char** argv) {
  cli::occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  cli::set_program_name("mqtk");
  const std::vector<std::string> folders = search_folders(argc > 0 ? argv[0] : nullptr);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (arguments.empty() || arguments[0] == "--help") return print(overview(folders));
  const std::string& first = arguments[0];
  if (first == "--version") return print(fmt::format("mqtk {}\n", cli::version()));
  if (first == "--generate" && arguments.size() == 2) return generate(arguments[1], folders);
  if (first == "help") return arguments.size() == 1 ? print(overview(folders)) : help(arguments[1], folders);
  if (first.starts_with('-')) {
    cli::report_usage(fmt::format("unknown option '{}'; options follow the program: mqtk PROGRAM {}", first, first));
    return to_int(ExitStatus::usage);
  }
  const auto path = find_program(first, folders);
  if (!path) return unknown(first, folders);
  std::vector<std::string> rest = arguments;
  rest[0] = "mqtk-" + first;
  return become(*path, std::move(rest));
}

}  // namespace mqtk::dispatcher
