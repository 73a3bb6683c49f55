// The manual page: man(7) macros, quiet under `mandoc -Tlint`.
#include <fmt/format.h>

#include "cli/documents.hpp"
#include "cli/program.hpp"

namespace mqtk::cli {

namespace {

// Of the texts, not of the build: the pages are committed and must not change by themselves.
constexpr std::string_view date = "2026-11-21";

// Dashes that are to be typed, backslashes, and lines that would begin a request.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool line_start = i == 0 || text[i - 1] == '\n';
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// mandoc wants sentences to end at the end of a line, and no line over 80 characters of text.
void add_sentences(std::string& page, std::string_view text) {
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(word.size());
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
    if (word.empty()) continue;
    if (column > 0) {
      page += column + word.size() > 76 ? '\n' : ' ';
      if (page.back() == '\n') column = 0;
    }
    page += escaped(word);
    column += word.size() + 1;
    if (word.ends_with('.') && !text.empty()) {
      page += '\n';
      column = 0;
    }
  }
  if (!page.ends_with('\n')) page += '\n';
}

void add_paragraphs(std::string& page, std::string_view text, std::string_view between) {
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    add_sentences(page, text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 2);
    page += between;
  }
}

std::string sentence(std::string_view text) { return fmt::format("{}{}", text, text.ends_with('.') ? "" : "."); }

void add_option(std::string& page, const Option& option) {
  page += ".TP\n";
  std::string names = option.short_letter == 0 ? "" : fmt::format("\\fB\\-{}\\fR, ", option.short_letter);
  names += fmt::format("\\fB\\-\\-{}\\fR", escaped(option.long_name));
  if (!option.value.empty()) names += fmt::format(" \\fI{}\\fR", escaped(option.value));
  page += names + "\n";
  add_sentences(page, sentence(option.help));
  if (!option.default_text.empty()) add_sentences(page, fmt::format("The default is {}.", option.default_text));
  if (option.repeatable) add_sentences(page, "May be repeated.");
  if (!option.environment.empty()) {
    add_sentences(page, fmt::format("Where the option is absent, {} is used if set.", option.environment));
  }
  if (!option.manual.empty()) {
    page += ".IP\n";
    add_paragraphs(page, option.manual, ".IP\n");
  }
}

void add_environment(std::string& page, const OptionTable& table) {
  bool begun = false;
  for (const Option& option : table.options()) {
    if (option.environment.empty()) continue;
    if (!begun) page += ".SH ENVIRONMENT\n";
    begun = true;
    page += fmt::format(".TP\n\\fB{}\\fR\nSee \\fB\\-\\-{}\\fR.\n", option.environment, escaped(option.long_name));
  }
}

void add_exit_statuses(std::string& page, const ProgramText& program) {
  page += ".SH EXIT STATUS\n";
  for (const ExitStatus status : program.exit_statuses) {
    page += fmt::format(".TP\n\\fB{}\\fR\n", to_int(status));
    add_sentences(page, exit_status_text(status));
  }
}

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string manual_page(const OptionTable& table) {
  const ProgramText& program = table.text();
  std::string page =
      fmt::format(".TH {} 1 \"{}\" \"mqtk {}\" \"mqtk manual\"\n", escaped(upper_case(program.name)), date, version());
  page += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", escaped(program.name), escaped(program.summary));
  for (const std::string& synopsis : program.synopsis) {
    if (&synopsis != &program.synopsis.front()) page += ".br\n";
    page += fmt::format("\\fB{}\\fR {}\n", escaped(program.name), escaped(synopsis));
  }
  page += ".SH DESCRIPTION\n";
  add_paragraphs(page, program.description, ".PP\n");
  for (const Positional& positional : table.positionals()) {
    page += fmt::format(".TP\n\\fI{}\\fR\n", escaped(positional.value));
    add_sentences(page, sentence(positional.help));
    if (!positional.manual.empty()) page += ".IP\n";
    add_paragraphs(page, positional.manual, ".IP\n");
  }
  page += ".SH OPTIONS\n";
  for (const std::string& group : groups(table)) {
    page += fmt::format(".SS {}\n", escaped(group));
    for (const Option& option : table.options()) {
      if (option.group == group && option.visibility == Visibility::shown) add_option(page, option);
    }
  }
  add_environment(page, table);
  if (!program.exit_statuses.empty()) add_exit_statuses(page, program);
  if (!program.examples.empty()) page += ".SH EXAMPLES\n";
  for (const Example& example : program.examples) {
    if (&example != &program.examples.front()) page += ".PP\n";
    add_sentences(page, example.text + ":");
    page += fmt::format(".PP\n.nf\n.RS 4\n{}\n.RE\n.fi\n", escaped(example.command));
  }
  if (!program.see_also.empty()) page += ".SH SEE ALSO\n";
  for (const std::string& other : program.see_also) {
    const std::size_t section = other.find('(');
    page += fmt::format(".BR {} {}{}\n", escaped(other.substr(0, section)), other.substr(section),
                        &other == &program.see_also.back() ? "" : ",");
  }
  return page;
}

}  // namespace mqtk::cli
