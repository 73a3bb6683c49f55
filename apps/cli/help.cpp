#include <fmt/format.h>

#include <algorithm>

#include "cli/documents.hpp"

namespace mqtk::cli {

namespace {

constexpr std::size_t help_column = 30;
constexpr std::size_t line_width = 100;

std::string left_side(const Option& option) {
  const std::string letter = option.short_letter == 0 ? "    " : fmt::format("-{}, ", option.short_letter);
  return fmt::format("  {}--{}{}", letter, option.long_name, option.value.empty() ? "" : " " + option.value);
}

// Continues at help_column; the left side stands alone where it reaches beyond that.
void add_row(std::string& text, const std::string& left, std::string_view right) {
  std::size_t column = left.size();
  text += left;
  if (column + 2 > help_column) {
    text += '\n';
    column = 0;
  }
  text.append(help_column - column, ' ');
  column = help_column;
  while (!right.empty()) {
    const std::string_view word = right.substr(0, right.find(' '));
    right.remove_prefix(std::min(right.size(), word.size() + 1));
    if (column > help_column && column + 1 + word.size() > line_width) {
      text += '\n';
      text.append(help_column, ' ');
      column = help_column;
    }
    if (column > help_column) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  text += '\n';
}

std::string with_remarks(const Option& option) {
  std::string text = option.help;
  if (option.repeatable) text += " (may be repeated)";
  if (!option.default_text.empty()) text += fmt::format(" [default: {}]", option.default_text);
  return text;
}

}  // namespace

std::string help_text(const OptionTable& table) {
  const ProgramText& program = table.text();
  std::string text;
  for (const std::string& synopsis : program.synopsis) {
    text += fmt::format("{} {} {}\n", text.empty() ? "Usage:" : "      ", program.name, synopsis);
  }
  text += fmt::format("{}: {}.\n", program.name, program.summary);
  for (const Positional& positional : table.positionals()) {
    if (&positional == &table.positionals().front()) text += '\n';
    add_row(text, "  " + positional.value, positional.help);
  }
  for (const std::string& group : groups(table)) {
    text += fmt::format("\n{}:\n", group);
    for (const Option& option : table.options()) {
      if (option.group == group && option.visibility == Visibility::shown) {
        add_row(text, left_side(option), with_remarks(option));
      }
    }
  }
  if (!program.examples.empty()) text += "\nExamples:\n";
  for (const Example& example : program.examples) text += fmt::format("  {}\n    {}\n", example.text, example.command);
  text += fmt::format("\nThe manual says more: man {}\n", program.name);
  return text;
}

}  // namespace mqtk::cli
