#include "cli/program.hpp"

#include <fmt/format.h>
#include <csignal>
#include <optional>

#include "cli/documents.hpp"
#include "cli/output.hpp"
#include "cli/print_config.hpp"
#include "cli/setters.hpp"

namespace mqtk::cli {

namespace {

using Document = std::string (*)(const OptionTable&);

// What is asked of the table itself, not of the program.
struct Request {
  bool help = false;
  bool version = false;
  bool print_config = false;
  std::optional<Document> document;
};

std::string summary(const OptionTable& table) { return table.text().summary + "\n"; }

void add_requests(OptionTable& table, Request& request) {
  table.group("General");
  table.add({.long_name = "help", .help = "Show this help", .set = set_true(request.help)});
  table.add({.long_name = "version", .help = "Show the version", .set = set_true(request.version)});
  if (table.has_result()) {
    table.add(
        {.long_name = "print-config",
         .help = "Print the settings in effect and where they come from as JSON, without secrets, and end",
         .manual = "Otherwise the command line must be complete. Secrets are read, so that what is missing is told.",
         .set = set_true(request.print_config)});
  }
  table.add({.long_name = "generate",
             .value = "KIND",
             .help = "Print the manual page, a completion or the summary",
             .set = store_choice<std::optional<Document>>(request.document, {{"man", manual_page},
                                                                             {"bash", bash_completion},
                                                                             {"zsh", zsh_completion},
                                                                             {"fish", fish_completion},
                                                                             {"summary", summary}}),
             .visibility = Visibility::hidden});
}

int print(const std::string& text) {
  Output output;
  output.write(text);
  output.flush();
  return to_int(output.status());
}

}  // namespace

std::string_view version() { return MQTK_VERSION; }

int run_program(int argc, char** argv, const OptionTable& table, const std::function<ExitStatus()>& run) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  set_program_name(table.text().name);
  Request request;
  OptionTable whole = table;
  add_requests(whole, request);

  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  std::vector<TakenSetting> taken;
  const Accepted accepted = parse(whole, arguments, &taken);
  if (request.help) return print(help_text(whole));
  if (request.version) return print(fmt::format("{} {}\n", table.text().name, version()));
  if (request.document) return print((*request.document)(whole));
  if (!accepted) {
    report_usage(accepted.error());
    return to_int(ExitStatus::usage);
  }
  if (request.print_config) return print(config_text(whole, taken));
  return to_int(run());
}

}  // namespace mqtk::cli
