#include "cli/documents.hpp"

#include <doctest/doctest.h>

#include "cli/suggestion.hpp"

using namespace mqtk::cli;

namespace {

OptionTable table() {
  OptionTable table{{.name = "mqtk-example",
                     .summary = "show what a table gives",
                     .synopsis = {"[OPTION]... -t TOPIC", "--list"},
                     .description = "First paragraph.\n\n.Second \\ one.",
                     .examples = {{"Do it", "mqtk-example -t 'a/b'"}},
                     .exit_statuses = {ExitStatus::done, ExitStatus::timed_out},
                     .see_also = {"mqtk(1)", "mqtk-pub(1)"}}};
  const Setter nothing = [](std::string_view) -> Accepted { return {}; };
  table.group("Message");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "TOPIC",
             .help = "Where it goes: here",
             .manual = "More about it.",
             .completion = Completion::topic,
             .repeatable = true,
             .environment = "MQTK_TOPIC",
             .set = nothing});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "It's [the] QoS",
             .completion = Completion::choice,
             .choices = {"0", "1"},
             .default_text = "0",
             .set = nothing});
  table.group("Input");
  table.add(
      {.long_name = "file", .value = "FILE", .help = "Read FILE", .completion = Completion::file, .set = nothing});
  table.add({.long_name = "list", .short_letter = 'l', .help = "List", .set = nothing});
  table.add({.long_name = "secret", .help = "Not shown", .set = nothing, .visibility = Visibility::hidden});
  table.add(Positional{
      .value = "WORD", .help = "A word", .completion = Completion::file, .repeatable = true, .set = nothing});
  return table;
}

}  // namespace

TEST_CASE("--help groups the options and says defaults") {
  CHECK(help_text(table()) ==
        R"(Usage: mqtk-example [OPTION]... -t TOPIC
       mqtk-example --list
mqtk-example: show what a table gives.

  WORD                        A word

Message:
  -t, --topic TOPIC           Where it goes: here (may be repeated)
  -q, --qos QOS               It's [the] QoS [default: 0]

Input:
      --file FILE             Read FILE
  -l, --list                  List

Examples:
  Do it
    mqtk-example -t 'a/b'

The manual says more: man mqtk-example
)");
}

TEST_CASE("a long help line is wrapped under its column") {
  OptionTable wide{{.name = "x", .summary = "", .synopsis = {}, .description = ""}};
  wide.add({.long_name = "a-rather-long-option-name",
            .value = "VALUE",
            .help = "Words that go on and on until the line is full and a second one has to be begun below it",
            .set = nullptr});
  const std::string text = help_text(wide);
  CHECK(
      text.find("      --a-rather-long-option-name VALUE\n"
                "                              Words that go on and on until the line is full and a second one has to\n"
                "                              be begun below it\n") != std::string::npos);
}

TEST_CASE("the manual page has its sections, and escapes what roff would take for its own") {
  const std::string page = manual_page(table());
  for (const char* section :
       {".TH MQTK\\-EXAMPLE 1 ", ".SH NAME\nmqtk\\-example \\- show what a table gives\n",
        ".SH SYNOPSIS\n\\fBmqtk\\-example\\fR [OPTION]... \\-t TOPIC\n.br\n",
        ".SH DESCRIPTION\nFirst paragraph.\n.PP\n\\&.Second \\e one.\n", ".SS Message\n",
        "\\fB\\-t\\fR, \\fB\\-\\-topic\\fR \\fITOPIC\\fR\nWhere it goes: here.\nMay be repeated.\n",
        ".SH ENVIRONMENT\n.TP\n\\fBMQTK_TOPIC\\fR\n",
        ".SH EXIT STATUS\n.TP\n\\fB0\\fR\nDone as asked.\n.TP\n\\fB6\\fR\n", ".SH EXAMPLES\nDo it:\n",
        ".SH SEE ALSO\n.BR mqtk (1),\n.BR mqtk\\-pub (1)\n"}) {
    CAPTURE(section);
    CHECK(page.find(section) != std::string::npos);
  }
  CHECK(page.find("secret") == std::string::npos);
}

TEST_CASE("completions offer names, choices and files, and nothing hidden") {
  const std::string bash = bash_completion(table());
  CHECK(bash.find("-q|--qos) mapfile -t COMPREPLY < <(compgen -W '0 1' -- \"$cur\"); return ;;") != std::string::npos);
  CHECK(bash.find("-t|--topic) return ;;") != std::string::npos);
  CHECK(bash.find("'--topic --qos --file --list'") != std::string::npos);
  const std::string zsh = zsh_completion(table());
  CHECK(zsh.find("'*'{-t+,--topic=}'[Where it goes\\: here]:TOPIC:'") != std::string::npos);
  CHECK(zsh.find("'(-q --qos)'{-q+,--qos=}'[It'\\''s \\[the\\] QoS]:QOS:(0 1)'") != std::string::npos);
  CHECK(zsh.find("'--file=[Read FILE]:FILE:_files'") != std::string::npos);
  const std::string fish = fish_completion(table());
  CHECK(fish.find("complete -c mqtk-example -s q -l qos -x -a '0 1' -d 'It\\'s [the] QoS'\n") != std::string::npos);
  CHECK(fish.find("complete -c mqtk-example -l file -r -F -d 'Read FILE'\n") != std::string::npos);
  for (const std::string& text : {bash, zsh, fish}) CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("the nearest name is one typing error away, or begun") {
  const std::vector<std::string> names = {"topic", "retain", "qos", "will-payload", "will-topic"};
  CHECK(nearest("tpoic", names) == "topic");
  CHECK(nearest("retian", names) == "retain");
  CHECK(nearest("wil-topic", names) == "will-topic");
  CHECK(nearest("will-p", names) == "will-payload");
  CHECK_FALSE(nearest("xyzzy", names).has_value());
  CHECK_FALSE(nearest("", names).has_value());
  CHECK_FALSE(nearest("q", names).has_value());
  CHECK_FALSE(nearest(std::string(100'000, 't'), names).has_value());
}
