#include "mosquitto/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/program.hpp"
#include "mosquitto/option_words.hpp"

namespace mqtk::mosquitto {
namespace {

constexpr std::string_view options_file_word = "-o";

char letter(Tool tool) { return tool == Tool::pub ? 'P' : tool == Tool::sub ? 'S' : 'R'; }

// mosquitto's texts end with one or two line breaks before the hint.
Refusal usage_error(Tool tool, std::string_view text) {
  const std::string_view begin = text.starts_with("Error") ? "" : "Error: ";
  return {.error = fmt::format("{}{}\n\nUse '{} --help' to see usage.\n", begin, text, tool_name(tool))};
}

const OptionWord* find_word(Tool tool, std::string_view word) {
  for (const OptionWord& option : option_words()) {
    const bool is_it = option.word == word || (!option.other_word.empty() && option.other_word == word);
    if (is_it && option.tools.find(letter(tool)) != std::string_view::npos) return &option;
  }
  return nullptr;
}

std::string missing_value(const OptionWord& option) {
  if (option.word == "-M") return "-M argument given but max_inflight not specified.\n";
  if (option.word == "-V") return "--protocol-version argument given but no version specified.\n";
  return fmt::format("{} argument given but no {} specified.\n", option.word, option.value);
}

// Empty or what is wrong.
std::string read_words(Arguments& arguments, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == options_file_word) {
      ++i;  // has been read
      continue;
    }
    if (word == "-D" || word == "--property") {
      const std::vector<std::string> following(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      const std::size_t count = property_words(following);
      if (following.size() < count) return "--property argument given but not enough arguments specified.\n";
      const std::vector<std::string> property(following.begin(),
                                              following.begin() + static_cast<std::ptrdiff_t>(count));
      if (std::string wrong = apply_property(arguments, property); !wrong.empty()) return wrong;
      i += count;
      continue;
    }
    const OptionWord* option = find_word(arguments.tool, word);
    if (option == nullptr) return fmt::format("Unknown option '{}'.", word);
    const bool takes_value = !option->value.empty();
    if (takes_value && i + 1 == words.size()) {
      return missing_value(*option);
    }
    if (std::string wrong = option->apply(arguments, takes_value ? words[++i] : ""); !wrong.empty()) return wrong;
    if (arguments.help || arguments.show_version) return "";
  }
  return "";
}

// The file of -o on the command line goes before the usual one.
std::string find_options_file(Tool tool, const std::vector<std::string>& command_line, std::string& path) {
  for (std::size_t i = 0; i < command_line.size(); ++i) {
    if (command_line[i] == options_file_word) {
      if (!path.empty()) return "Duplicate -o argument given.";
      if (i + 1 == command_line.size()) return "-o argument given but no file specified.\n";
      path = command_line[++i];
    } else if (command_line[i] == "-D" || command_line[i] == "--property") {
      i += property_words({command_line.begin() + static_cast<std::ptrdiff_t>(i) + 1, command_line.end()});
    } else if (const OptionWord* option = find_word(tool, command_line[i])) {
      if (!option->value.empty()) ++i;
    }
  }
  if (!path.empty()) return "";
  const char* configuration = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  if (configuration != nullptr) {
    path = fmt::format("{}/{}", configuration, tool_name(tool));
  } else if (home != nullptr) {
    path = fmt::format("{}/.config/{}", home, tool_name(tool));
  }
  return "";
}

// One option to a line: its first word, and the rest as its value, spaces and quotes included.
std::string read_options_file(Arguments& arguments, std::istream& file) {
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    while (line.ends_with('\r') || line.ends_with('\n')) line.pop_back();
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    std::vector<std::string> words = {line.substr(0, space)};
    if (space + 1 < line.size() && space != std::string::npos) words.push_back(line.substr(space + 1));
    if (std::string wrong = read_words(arguments, words); !wrong.empty()) return wrong;
  }
  return "";
}

std::string settle_session(Arguments& arguments) {
  const bool has_id = arguments.id.has_value();
  if (arguments.version != Version::v5) {
    if (!arguments.clean && !has_id) return "You must provide a client id if you are using the -c option.";
    return "";
  }
  if (!arguments.clean && !arguments.session_expiry) arguments.session_expiry = never_expires;
  if (arguments.session_expiry == never_expires && !has_id) {
    return "You must provide a client id if you are using an infinite session expiry interval.";
  }
  return "";
}

std::string settle_will(Arguments& arguments) {
  if (arguments.will_topic.empty()) {
    if (arguments.will_payload) return "Will payload given, but no will topic given.";
    if (arguments.will_retain) return "Will retain given, but no will topic given.";
    return "";
  }
  const std::string payload = arguments.will_payload.value_or("");
  arguments.will = WillOptions{.topic = arguments.will_topic,
                               .payload = {payload.begin(), payload.end()},
                               .qos = static_cast<QoS>(arguments.will_qos),
                               .retain = arguments.will_retain,
                               .properties = arguments.will_properties};
  return "";
}

std::string check_tls(const Arguments::Tls& tls) {
  const bool has_authorities = !tls.ca_file.empty() || !tls.ca_directory.empty();
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return "Both certfile and keyfile must be provided if one of them is set.";
  }
  if (!tls.key_form.empty() && tls.key_file.empty()) return "If keyform is set, keyfile must be also specified.";
  if (!tls.engine_password_hash.empty() && (tls.engine.empty() || tls.key_form.empty())) {
    return "when using tls-engine-kpass-sha1, both tls-engine and keyform must also be provided.";
  }
  if (has_authorities && tls.psk) return "Only one of --psk or --cafile/--capath may be used at once.";
  if (tls.psk && tls.psk_identity.empty()) return "--psk-identity required if --psk used.";
  return "";
}

std::expected<void, Refusal> check(const Arguments& arguments) {
  const bool has_message = arguments.source != Arguments::Source::none;
  switch (arguments.tool) {
    case Tool::pub:
      if (!arguments.topics.empty() && has_message) return {};
      return std::unexpected(Refusal{"Error: Both topic and message must be supplied.\n", usage_text(arguments.tool)});
    case Tool::rr:
      if (!arguments.topics.empty() && has_message && !arguments.response_topic.empty()) return {};
      return std::unexpected(
          usage_error(arguments.tool, "All of topic, message, and response topic must be supplied."));
    case Tool::sub: break;
  }
  if (arguments.topics.empty() && arguments.unsubscribe.empty()) {
    return std::unexpected(usage_error(arguments.tool, "You must specify a topic to subscribe to."));
  }
  if (arguments.hide_retained && arguments.retained_only) {
    return std::unexpected(Refusal{"\nError: Combining '-R' and '--retained-only' makes no sense.\n"});
  }
  return {};
}

}  // namespace

std::string tool_name(Tool tool) {
  switch (tool) {
    case Tool::pub: return "mosquitto_pub";
    case Tool::sub: return "mosquitto_sub";
    case Tool::rr: break;
  }
  return "mosquitto_rr";
}

std::string usage_text(Tool tool) {
  std::string text = fmt::format(
      "{0} of mqtk, for scripts that call Mosquitto's client of this name.\n\n"
      "Options, one to a word:\n",
      tool_name(tool));
  for (const OptionWord& option : option_words()) {
    if (option.tools.find(letter(tool)) == std::string_view::npos) continue;
    const std::string names =
        option.other_word.empty() ? std::string{option.word} : fmt::format("{}, {}", option.word, option.other_word);
    text += option.value.empty() ? fmt::format("  {}\n", names) : fmt::format("  {} <{}>\n", names, option.value);
  }
  text += "  -o <file>\n";
  return text + "  -D, --property <command> <property> <value>\n\nman mqtk-mosquitto says more.\n";
}

std::expected<void, std::string> check_identity(const Arguments& arguments) {
  if (arguments.id && arguments.id->empty()) {
    return std::unexpected(arguments.tool == Tool::pub ? "Error: Invalid id."
                                                       : "Error: Invalid id and/or clean_session.");
  }
  if (arguments.version != Version::v5 && arguments.password && !arguments.user_name) {
    return std::unexpected("Error: Problem setting username and/or password.");
  }
  return {};
}

std::expected<Arguments, Refusal> parse_arguments(Tool tool, const std::vector<std::string>& words) {
  std::string path;
  if (const std::string wrong = find_options_file(tool, words, path); !wrong.empty()) {
    return std::unexpected(usage_error(tool, wrong));
  }
  std::ifstream file;
  if (!path.empty()) file.open(path);
  return parse_arguments(tool, words, file);
}

std::expected<Arguments, Refusal> parse_arguments(Tool tool, const std::vector<std::string>& words,
                                                  std::istream& options_file) {
  Arguments arguments;
  arguments.tool = tool;
  if (tool == Tool::rr) arguments.version = Version::v5;
  for (const std::string& wrong : {read_options_file(arguments, options_file), read_words(arguments, words)}) {
    if (!wrong.empty()) return std::unexpected(usage_error(tool, wrong));
  }
  if (arguments.help) return std::unexpected(Refusal{"", usage_text(tool)});
  if (arguments.show_version) {
    return std::unexpected(Refusal{"", fmt::format("{} version {} of mqtk.\n", tool_name(tool), cli::version())});
  }
  for (const std::string& wrong : {settle_will(arguments), settle_session(arguments), check_tls(arguments.tls)}) {
    if (!wrong.empty()) return std::unexpected(usage_error(tool, wrong));
  }
  if (const auto complete = check(arguments); !complete) return std::unexpected(complete.error());
  return arguments;
}

}  // namespace mqtk::mosquitto
