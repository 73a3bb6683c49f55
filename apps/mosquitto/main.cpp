#include <unistd.h>

#include <csignal>
#include <optional>
#include <string_view>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "mosquitto/conversation.hpp"
#include "mosquitto/program_text.hpp"
#include "mosquitto/transport.hpp"

namespace {

using namespace mqtk;

std::optional<mosquitto::Tool> tool_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  for (const auto tool : {mosquitto::Tool::pub, mosquitto::Tool::sub, mosquitto::Tool::rr}) {
    const std::string full = mosquitto::tool_name(tool);
    if (name == full || name == full.substr(full.find('_') + 1)) return tool;
  }
  return std::nullopt;
}

void write_to(int descriptor, std::string_view text) { (void)!::write(descriptor, text.data(), text.size()); }

int run(mosquitto::Tool tool, const std::vector<std::string>& words) {
  cli::occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  auto arguments = mosquitto::parse_arguments(tool, words);
  if (!arguments) {
    write_to(STDERR_FILENO, arguments.error().error);
    write_to(STDOUT_FILENO, arguments.error().output);
    return 1;
  }
  auto settled = mosquitto::check_identity(*arguments);
  if (settled) settled = mosquitto::settle_transport(*arguments);
  if (!settled) {
    if (!arguments->quiet) write_to(STDERR_FILENO, settled.error() + "\n");
    return 1;
  }
  switch (tool) {
    case mosquitto::Tool::pub: return mosquitto::publish(*arguments);
    case mosquitto::Tool::sub: return mosquitto::subscribe(*arguments);
    case mosquitto::Tool::rr: break;
  }
  return mosquitto::request(*arguments);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (const auto tool = tool_of(argc > 0 ? argv[0] : "")) return run(*tool, words);
  if (!words.empty()) {
    if (const auto tool = tool_of(words[0])) return run(*tool, {words.begin() + 1, words.end()});
  }
  return cli::run_program(argc, argv, mosquitto::option_table(), [] {
    cli::report_usage("say which client to be: pub, sub or rr; or call this program by the name mosquitto_pub");
    return cli::ExitStatus::usage;
  });
}
