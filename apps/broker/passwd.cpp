#include "broker/passwd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "broker/password_file.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/secret.hpp"
#include "cli/setters.hpp"

namespace mqtk::broker_program {
namespace {

using cli::ExitStatus;

struct Options {
  std::string file;
  std::string name;
  std::optional<cli::SecretSource> source;
  bool remove = false;
  PasswordFile::Form form = PasswordFile::Form::pbkdf2;
};

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{{.name = "mqtk-broker passwd",
                          .summary = "write the password file of mqtk-broker",
                          .synopsis = {"[OPTION]... FILE NAME"},
                          .description = "Sets the password of a user, or removes the user. The file is made if it is "
                                         "not there. SIGHUP tells a running broker to read it again.",
                          .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::local_failure},
                          .see_also = {"mqtk-broker(1)"}}};
  table.add({.long_name = "password-from",
             .value = "SOURCE",
             .help = "Take the password from file:PATH, fd:NUMBER, env:NAME, command:COMMAND or prompt",
             .default_text = "prompt",
             .set = cli::store_parsed(options.source, cli::parse_secret_source)});
  table.add({.long_name = "scram",
             .help = "Write what SCRAM-SHA-256 and SCRAM-SHA-512 need, from which nobody can log in",
             .manual = "Two lines, which serve plain passwords, too; mosquitto does not read them.",
             .set = [&options](std::string_view) -> cli::Accepted {
               options.form = PasswordFile::Form::scram;
               return {};
             }});
  table.add({.long_name = "remove", .help = "Remove the user", .set = cli::set_true(options.remove)});
  table.add(cli::Positional{.value = "FILE",
                            .help = "The password file",
                            .completion = cli::Completion::file,
                            .repeatable = false,
                            .set = cli::store(options.file)});
  table.add(cli::Positional{.value = "NAME",
                            .help = "The user's name",
                            .completion = cli::Completion::none,
                            .repeatable = false,
                            .set = cli::store(options.name)});
  table.check([&options]() -> cli::Accepted {
    if (options.name.empty()) return std::unexpected("give a FILE and the NAME of a user");
    return {};
  });
  return table;
}

// The file without the user's lines.
std::string others(const std::string& file, const std::string& name, bool& found) {
  std::string kept;
  std::ifstream input(file, std::ios::binary);
  for (std::string line; std::getline(input, line);) {
    if (line.starts_with(name + ':')) {
      found = true;
    } else {
      kept += line + '\n';
    }
  }
  return kept;
}

// Beside it and then renamed: a broker never reads half a file. Only its owner can read it.
bool replace(const std::string& file, const std::string& text) {
  const std::string fresh = file + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  return written && std::rename(fresh.c_str(), file.c_str()) == 0;
}

ExitStatus run(const Options& options) {
  bool found = false;
  std::string text = others(options.file, options.name, found);
  if (options.remove && !found) {
    cli::report(fmt::format("'{}' has no user '{}'", options.file, options.name));
    return ExitStatus::usage;
  }
  if (!options.remove) {
    const auto password = cli::read_secret(options.source.value_or(cli::SecretSource{}), "password");
    if (!password) {
      cli::report(password.error());
      return ExitStatus::usage;
    }
    const auto lines = PasswordFile::lines_for(options.name, *password, options.form);
    if (!lines) {
      cli::report(lines.error());
      return ExitStatus::usage;
    }
    text += *lines;
  }
  if (replace(options.file, text)) return ExitStatus::done;
  cli::report(fmt::format("'{}' cannot be written: {}", options.file, std::system_category().message(errno)));
  return ExitStatus::local_failure;
}

}  // namespace

int run_passwd(int argc, char** argv) {
  Options options;
  return cli::run_program(argc, argv, option_table(options), [&options] { return run(options); });
}

}  // namespace mqtk::broker_program
