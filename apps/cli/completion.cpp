// Completions for bash, zsh and fish.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/documents.hpp"

namespace mqtk::cli {

namespace {

std::string replaced(std::string_view text, char what, std::string_view with) {
  std::string out;
  for (const char c : text) {
    if (c == what) {
      out += with;
    } else {
      out += c;
    }
  }
  return out;
}

// For the inside of '…' in bash and zsh.
std::string in_quotes(std::string_view text) { return replaced(text, '\'', R"('\'')"); }

std::string function_name(const OptionTable& table) { return "_" + replaced(table.text().name, '-', "_"); }

std::vector<const Option*> shown(const OptionTable& table) {
  std::vector<const Option*> options;
  for (const Option& option : table.options()) {
    if (option.visibility == Visibility::shown) options.push_back(&option);
  }
  return options;
}

// What the words without option complete to.
Completion word_completion(const OptionTable& table) {
  return table.positionals().empty() ? Completion::none : table.positionals().front().completion;
}

// The command that fills COMPREPLY; empty where nothing is offered.
std::string bash_reply(Completion completion, const std::vector<std::string>& choices) {
  const auto reply = [](std::string_view arguments) {
    return fmt::format("mapfile -t COMPREPLY < <(compgen {} -- \"$cur\")", arguments);
  };
  switch (completion) {
    case Completion::file: return "compopt -o filenames; " + reply("-f");
    case Completion::directory: return "compopt -o filenames; " + reply("-d");
    case Completion::host: return reply("-A hostname");
    case Completion::choice:
      return reply(fmt::format("-W '{}'", in_quotes(fmt::format("{}", fmt::join(choices, " ")))));
    case Completion::none:
    case Completion::topic: break;
  }
  return "";
}

// After the second colon of a zsh argument specification.
std::string zsh_action(Completion completion, const std::vector<std::string>& choices) {
  switch (completion) {
    case Completion::file: return "_files";
    case Completion::directory: return "_files -/";
    case Completion::host: return "_hosts";
    case Completion::choice: return fmt::format("({})", fmt::join(choices, " "));
    case Completion::none:
    case Completion::topic: break;
  }
  return "";
}

std::string zsh_text(std::string_view text) {
  return in_quotes(replaced(replaced(replaced(replaced(text, '\\', "\\\\"), '[', "\\["), ']', "\\]"), ':', "\\:"));
}

std::string zsh_option(const Option& option) {
  const std::string value =
      option.value.empty()
          ? ""
          : fmt::format(":{}:{}", zsh_text(option.value), in_quotes(zsh_action(option.completion, option.choices)));
  const std::string equals = option.value.empty() ? "" : "=";
  const std::string plus = option.value.empty() ? "" : "+";
  if (option.short_letter == 0) {
    return fmt::format("'{}--{}{}[{}]{}'", option.repeatable ? "*" : "", option.long_name, equals,
                       zsh_text(option.help), value);
  }
  const std::string first =
      option.repeatable ? "'*'" : fmt::format("'(-{} --{})'", option.short_letter, option.long_name);
  return fmt::format("{}{{-{}{},--{}{}}}'[{}]{}'", first, option.short_letter, plus, option.long_name, equals,
                     zsh_text(option.help), value);
}

std::string fish_text(std::string_view text) { return replaced(replaced(text, '\\', "\\\\"), '\'', "\\'"); }

std::string fish_value(Completion completion, const std::vector<std::string>& choices) {
  switch (completion) {
    case Completion::file: return " -r -F";
    case Completion::directory: return " -x -a '(__fish_complete_directories)'";
    case Completion::host: return " -x -a '(__fish_print_hostnames)'";
    case Completion::choice: return fmt::format(" -x -a '{}'", fish_text(fmt::format("{}", fmt::join(choices, " "))));
    case Completion::none:
    case Completion::topic: break;
  }
  return " -x";
}

}  // namespace

std::string bash_completion(const OptionTable& table) {
  const std::string& name = table.text().name;
  std::string text = fmt::format("# Made by `{} --generate bash`.\n{}() {{\n", name, function_name(table));
  text +=
      "  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  if [[ $cur == '=' ]]; then\n"
      "    cur=''\n"
      "  elif [[ $option == '=' ]]; then\n"
      "    option=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  fi\n"
      "  case $option in\n";
  std::string names;
  for (const Option* option : shown(table)) {
    names += fmt::format("{}--{}", names.empty() ? "" : " ", option->long_name);
    if (option->value.empty()) continue;
    const std::string reply = bash_reply(option->completion, option->choices);
    text += fmt::format("    {}--{}) {}return ;;\n",
                        option->short_letter == 0 ? "" : fmt::format("-{}|", option->short_letter), option->long_name,
                        reply.empty() ? "" : reply + "; ");
  }
  text += fmt::format("  esac\n  if [[ $cur == -* ]]; then\n    {}\n", bash_reply(Completion::choice, {names}));
  if (const std::string reply = bash_reply(word_completion(table), {}); !reply.empty()) {
    text += fmt::format("  else\n    {}\n", reply);
  }
  text += fmt::format("  fi\n}}\ncomplete -F {} {}\n", function_name(table), name);
  return text;
}

std::string zsh_completion(const OptionTable& table) {
  std::string text = fmt::format("#compdef {0}\n# Made by `{0} --generate zsh`.\n_arguments -s -S", table.text().name);
  for (const Option* option : shown(table)) text += " \\\n  " + zsh_option(*option);
  for (const Positional& positional : table.positionals()) {
    text += fmt::format(" \\\n  '{}:{}:{}'", positional.repeatable ? "*" : "", zsh_text(positional.value),
                        in_quotes(zsh_action(positional.completion, {})));
  }
  return text + "\n";
}

std::string fish_completion(const OptionTable& table) {
  const std::string& name = table.text().name;
  std::string text = fmt::format("# Made by `{} --generate fish`.\n", name);
  if (word_completion(table) != Completion::file) text += fmt::format("complete -c {} -f\n", name);
  for (const Option* option : shown(table)) {
    const std::string letter = option->short_letter == 0 ? "" : fmt::format(" -s {}", option->short_letter);
    text += fmt::format("complete -c {}{} -l {}{} -d '{}'\n", name, letter, option->long_name,
                        option->value.empty() ? "" : fish_value(option->completion, option->choices),
                        fish_text(option->help));
  }
  return text;
}

}  // namespace mqtk::cli
