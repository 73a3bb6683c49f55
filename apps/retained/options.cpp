#include "retained/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::retained {
namespace {

using cli::Accepted;
using cli::ExitStatus;
using Command = Options::Command;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-retained",
      .summary = "list, keep, restore, remove and check retained messages",
      .synopsis = {"{ls | tree | get | export | rm} [OPTION]... [FILTER]...", "import [OPTION]... [FILE]",
                   "diff [OPTION]... FILE [FILE]", "lint --homeassistant [OPTION]..."},
      .description =
          "Works on the messages that a broker keeps for later subscribers. FILTER is a Topic Filter; without one ls, "
          "tree and export take all topics but those that begin with $.\n\n"
          "No broker says which retained message is the last one: the set is taken as complete when none has come for "
          "--idle. MQTT does not carry when a message was published, so its age is unknown.\n\n"
          "ls prints topics, tree draws them with their payloads, get prints payloads. export writes JSON Lines, as "
          "mqtk sub --json does; import publishes them again, from such a file, a recording or standard input, at "
          "their QoS. rm removes what matches and prints the topics. With --dry-run import and rm only print "
          "them.\n\n"
          "diff compares two files, or a file with the broker: - stands before what only the first has, + before what "
          "only the second has, and the status is 8 where they differ.\n\n"
          "lint --homeassistant checks Home Assistant's discovery documents: topics and members that it does not "
          "take, unique_ids that are missing or given twice, documents that are published without RETAIN while it "
          "listens, and states of which the broker knows nothing. Where there are errors the status is 7.",
      .examples = {{"What a broker keeps", "mqtk retained tree"},
                   {"Sizes and QoS", "mqtk retained ls --long 'house/#'"},
                   {"Move all to another broker", "mqtk retained export -h old | mqtk retained import -h new"},
                   {"What has changed since", "mqtk retained export -o before.jsonl; mqtk retained diff before.jsonl"},
                   {"See what would be removed, and remove it",
                    "mqtk retained rm --dry-run 'zigbee/+/old'; mqtk retained rm 'zigbee/+/old'"},
                   {"Remove by a regular expression", "mqtk retained rm '#' --match '/tmp[0-9]+$'"},
                   {"Check discovery documents", "mqtk retained lint --homeassistant --idle 10s"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::timed_out,
                        ExitStatus::malformed_input, ExitStatus::assertion_failed, ExitStatus::local_failure},
      .see_also = {"mqtk-sub(1)", "mqtk-pub(1)", "mqtk-recording(1)"},
  };
}

void add_selection_options(cli::OptionTable& table, Options& options) {
  table.group("Selection");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Topic Filter, the same as behind the command; for import and diff which messages count",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.topics.filters)});
  table.add({.long_name = "filter-out",
             .short_letter = 'T',
             .value = "FILTER",
             .help = "Leave out topics that match",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .set = cli::append(options.topics.hidden_filters)});
  table.add({.long_name = "match",
             .value = "REGEX",
             .help = "Only topics in which this regular expression (POSIX, extended) is found",
             .set = [&options](std::string_view text) -> Accepted {
               auto pattern = TopicPattern::compile(std::string{text});
               if (!pattern) return std::unexpected(pattern.error());
               options.pattern = std::move(*pattern);
               return {};
             }});
}

void add_output_options(cli::OptionTable& table, Options& options) {
  table.group("Output");
  table.add({.long_name = "long",
             .short_letter = 'l',
             .help = "With ls: sizes, QoS, seconds until they expire, and the age, which is unknown",
             .set = cli::set_true(options.detailed)});
  table.add({.long_name = "json",
             .help = "With ls, get and lint: a JSON object on each line",
             .set = cli::set_true(options.json)});
  table.add({.long_name = "output",
             .short_letter = 'o',
             .value = "FILE",
             .help = "With export: write to FILE",
             .completion = cli::Completion::file,
             .default_text = "standard output",
             .set = cli::store(options.output)});
  table.add({.long_name = "overwrite",
             .help = "With --output: replace a file that exists",
             .set = cli::set_true(options.overwrite)});
  table.add({.long_name = "dry-run",
             .help = "With import and rm: print the topics and change nothing",
             .set = cli::set_true(options.dry_run)});
  table.add({.long_name = "homeassistant",
             .help = "With lint: check Home Assistant's discovery documents",
             .set = cli::set_true(options.home_assistant)});
  table.add({.long_name = "prefix",
             .value = "TOPIC",
             .help = "With lint: where these documents lie",
             .default_text = "homeassistant",
             .set = cli::store(options.discovery_prefix)});
}

void add_run_options(cli::OptionTable& table, Options& options) {
  table.group("Run");
  table.add({.long_name = "idle",
             .value = "DURATION",
             .help = "Take the set as complete when no retained message has come for so long",
             .default_text = "1s",
             .set = cli::store(options.idle)});
  table.add({.long_name = "timeout",
             .short_letter = 'W',
             .value = "DURATION",
             .help = "End with status 6 when fetching or sending takes longer",
             .set = cli::store(options.timeout)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
}

// Behind import and diff stand files, behind the others Topic Filters.
Accepted settle_words(Options& options) {
  const Command command = options.command;
  if (command == Command::none) {
    return std::unexpected("no command; the first word is ls, tree, get, export, import, rm, diff or lint");
  }
  if (command == Command::import) {
    return options.words.size() <= 1 ? Accepted{} : std::unexpected("import takes one file, or standard input");
  }
  const bool everything = command != Command::rm && command != Command::get;
  if (command == Command::diff) {
    if (options.words.empty() || options.words.size() > 2) return std::unexpected("diff takes one file or two");
  } else {
    options.topics.filters.insert(options.topics.filters.end(), options.words.begin(), options.words.end());
  }
  if (options.topics.filters.empty() && command == Command::lint)
    options.topics.filters = {options.discovery_prefix + "/#"};
  if (options.topics.filters.empty() && everything) options.topics.filters = {"#"};
  if (options.topics.filters.empty()) return std::unexpected("no topics; name them behind the command");
  return {};
}

Accepted check_filters(const Options& options) {
  if (std::string problem = options.topics.problem(Version::v5); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  for (const auto* filters : {&options.topics.filters, &options.topics.hidden_filters}) {
    for (const std::string& filter : *filters) {
      if (filter.starts_with("$share/")) {
        return std::unexpected(fmt::format("filter '{}': shared subscriptions get no retained messages", filter));
      }
    }
  }
  return {};
}

Accepted check(Options& options) {
  if (const Accepted settled = settle_words(options); !settled) return settled;
  const auto is_one_of = [&](std::initializer_list<Command> some) {
    return std::ranges::find(some, options.command) != some.end();
  };
  if (options.detailed && !is_one_of({Command::ls})) return std::unexpected("--long is for ls");
  if (options.json && !is_one_of({Command::ls, Command::get, Command::lint})) {
    return std::unexpected("--json is for ls, get and lint");
  }
  if (options.detailed && options.json) return std::unexpected("--long does not go with --json, which has it all");
  if (options.output && !is_one_of({Command::export_})) return std::unexpected("--output is for export");
  if (options.overwrite && !options.output) return std::unexpected("--overwrite needs --output");
  if (options.dry_run && !is_one_of({Command::import, Command::rm})) {
    return std::unexpected("--dry-run is for import and rm");
  }
  if (options.command == Command::lint && !options.home_assistant) {
    return std::unexpected("lint: say what to check with --homeassistant");
  }
  if (options.home_assistant && options.command != Command::lint) return std::unexpected("--homeassistant is for lint");
  if (TopicName::check(options.discovery_prefix)) return std::unexpected("--prefix: not the beginning of topics");
  return check_filters(options);
}

Accepted take_word(Options& options, std::string_view word) {
  if (options.command != Command::none) {
    options.words.emplace_back(word);
    return {};
  }
  return cli::store_choice<Command>(options.command, {{"ls", Command::ls},
                                                      {"tree", Command::tree},
                                                      {"get", Command::get},
                                                      {"export", Command::export_},
                                                      {"import", Command::import},
                                                      {"rm", Command::rm},
                                                      {"diff", Command::diff},
                                                      {"lint", Command::lint}})(word);
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  table.add(cli::Positional{.value = "COMMAND WORD",
                            .help = "ls, tree, get, export, import, rm, diff or lint, then Topic Filters or files",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = [&options](std::string_view word) { return take_word(options, word); }});
  add_selection_options(table, options);
  cli::add_connection_options(
      table, options.connection,
      {.property_scopes = {PropertyScope::connect, PropertyScope::subscribe, PropertyScope::disconnect}});
  add_output_options(table, options);
  add_run_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::retained
