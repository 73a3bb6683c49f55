#include "recording/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::recording {
namespace {

using cli::Accepted;
using cli::ExitStatus;
using Command = Options::Command;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-recording",
      .summary = "look into recordings, cut, merge, convert and compare them",
      .synopsis = {"{info | topics | cat | filter | merge | convert | repair | diff} [OPTION]... FILE..."},
      .description =
          "Reads recordings of mqtk-record and others: MCAP, JSON Lines, the CSV files of two other recorders, and "
          "packet captures; - "
          "is "
          "standard input, in JSON Lines.\n\n"
          "info says what a recording holds, from the summary of an MCAP file, otherwise by reading all of it. topics "
          "lists its topics with counts, sizes and rates. cat prints the messages, as text or with --json as mqtk sub "
          "--json does.\n\n"
          "filter writes the messages that are selected into another file, convert writes another format, by the name "
          "of --output, and merge makes one recording of several, by time. repair writes what can be read of a damaged "
          "MCAP file into a whole one.\n\n"
          "diff compares two recordings, topic by topic, and ends with status 8 when they differ. Times are never "
          "compared.\n\n"
          "A damaged recording is read as far as it goes; the status is 7 then.",
      .examples = {{"What is in a recording", "mqtk recording info all.mcap"},
                   {"Ten minutes of a part of the topics",
                    "mqtk recording filter -t 'room/#' --from 1h --to 70m -o part.mcap all.mcap"},
                   {"Into Wireshark", "mqtk recording convert -o all.pcapng all.mcap"},
                   {"Messages as JSON for jq", "mqtk recording cat --json all.mcap | jq -r .payload"},
                   {"A test for a script", "mqtk recording diff expected.jsonl all.mcap"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::malformed_input, ExitStatus::assertion_failed,
                        ExitStatus::local_failure},
      .see_also = {"mqtk-record(1)", "mqtk-replay(1)", "mqtk-recording(5)"},
  };
}

void add_selection_options(cli::OptionTable& table, Options& options) {
  table.group("Selection");
  cli::add_topic_options(table, options.topics);
  cli::add_time_options(table, options.from, options.to);
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Only messages of this QoS",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .set = [&options](std::string_view text) -> Accepted {
               QoS qos{};
               if (const Accepted stored = cli::store(qos)(text); !stored) return stored;
               options.qos = qos;
               return {};
             }});
  table.add({.long_name = "retain",
             .value = "FLAG",
             .help = "Only messages whose RETAIN flag is yes or no",
             .completion = cli::Completion::choice,
             .choices = {"yes", "no"},
             .set = cli::store_choice<std::optional<bool>>(options.retain, {{"yes", true}, {"no", false}})});
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "At most so many messages",
             .set = cli::store_number(options.count, 1, UINT64_MAX)});
}

void add_output_options(cli::OptionTable& table, Options& options) {
  table.group("Output");
  table.add({.long_name = "output",
             .short_letter = 'o',
             .value = "FILE",
             .help = "Where filter, merge, convert and repair write to; - is standard output",
             .manual = "repair without it puts the mended file into the place of the damaged one.",
             .completion = cli::Completion::file,
             .set = cli::store(options.output)});
  table.add(
      {.long_name = "format",
       .value = "FORMAT",
       .help = "Write mcap, jsonl, pcapng or csv, whatever the name of the file says",
       .completion = cli::Completion::choice,
       .choices = {"mcap", "jsonl", "pcapng", "csv"},
       .set = cli::store_choice<std::optional<RecordingFormat>>(options.format, {{"mcap", RecordingFormat::mcap},
                                                                                 {"jsonl", RecordingFormat::jsonl},
                                                                                 {"pcapng", RecordingFormat::pcapng},
                                                                                 {"csv", RecordingFormat::csv}})});
  table.add({.long_name = "overwrite", .help = "Replace a file that exists", .set = cli::set_true(options.overwrite)});
  table.add({.long_name = "json",
             .help = "With info, topics and cat: JSON, one object on a line",
             .set = cli::set_true(options.json)});
  table.add({.long_name = "all",
             .help = "With diff: compare QoS, RETAIN and properties, too; not Message Expiry Intervals",
             .set = cli::set_true(options.compare_all)});
  table.add({.long_name = "shown",
             .value = "COUNT",
             .help = "With diff: print so many differences; all are counted",
             .default_text = "20",
             .set = cli::store_number(options.shown_differences, 0, UINT64_MAX)});
  table.add({.long_name = "quiet", .help = "Print no errors of the run", .set = cli::silence()});
}

bool writes(Command command) {
  return command == Command::filter || command == Command::merge || command == Command::convert;
}

// Those that would do nothing with this command.
Accepted check_selection(const Options& options) {
  const Command command = options.command;
  const bool selects = !options.topics.filters.empty() || !options.topics.hidden_filters.empty() ||
                       options.from.given() || options.to.given() || options.qos || options.retain || options.count;
  if (selects && (command == Command::info || command == Command::repair)) {
    return std::unexpected("info and repair take whole recordings; filter makes one of what is selected");
  }
  if (options.format && !writes(command)) return std::unexpected("--format is for filter, merge and convert");
  if (options.shown_differences && command != Command::diff) return std::unexpected("--shown is for diff");
  if (options.overwrite && !options.output) return std::unexpected("--overwrite is for what --output names");
  return {};
}

// Writing begins by emptying the file, reading would find nothing.
bool overwrites_input(const Options& options) {
  return std::ranges::any_of(options.files, [&](const std::string& file) {
    std::error_code not_there;
    return std::filesystem::equivalent(file, *options.output, not_there);
  });
}

Accepted check_output(const Options& options) {
  const Command command = options.command;
  if (writes(command) && !options.output) return std::unexpected("no file to write to; give it with --output");
  if (options.output && !writes(command) && command != Command::repair) {
    return std::unexpected("--output is for filter, merge, convert and repair");
  }
  if (options.json && command != Command::info && command != Command::topics && command != Command::cat) {
    return std::unexpected("--json is for info, topics and cat");
  }
  if (options.output && overwrites_input(options)) {
    return std::unexpected(
        fmt::format("{} would be read and overwritten at the same time; name another file", *options.output));
  }
  if (options.compare_all && command != Command::diff) return std::unexpected("--all is for diff");
  if (writes(command) && !options.format && *options.output != "-" && !format_of_file(*options.output)) {
    return std::unexpected(
        fmt::format("--output '{}' does not end in .mcap, .jsonl, .pcapng or .csv; give --format", *options.output));
  }
  return {};
}

Accepted check(const Options& options) {
  if (options.command == Command::none) {
    return std::unexpected("no command; the first word is info, topics, cat, filter, merge, convert, repair or diff");
  }
  if (options.files.empty()) return std::unexpected("no recording; name one behind the command");
  if (options.command == Command::diff && options.files.size() != 2) {
    return std::unexpected("diff compares two recordings");
  }
  const bool one = options.command == Command::repair || options.command == Command::convert;
  if (one && options.files.size() != 1) return std::unexpected("repair and convert take one recording; see merge");
  if (std::string problem = options.topics.problem(Version::v5); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  if (Accepted selection = check_selection(options); !selection) return selection;
  return check_output(options);
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  table.add(cli::Positional{.value = "COMMAND FILE",
                            .help = "info, topics, cat, filter, merge, convert, repair or diff, then the recordings",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = [&options](std::string_view word) -> Accepted {
                              if (options.command != Command::none) {
                                options.files.emplace_back(word);
                                return {};
                              }
                              return cli::store_choice<Command>(options.command, {{"info", Command::info},
                                                                                  {"topics", Command::topics},
                                                                                  {"cat", Command::cat},
                                                                                  {"filter", Command::filter},
                                                                                  {"merge", Command::merge},
                                                                                  {"convert", Command::convert},
                                                                                  {"repair", Command::repair},
                                                                                  {"diff", Command::diff}})(word);
                            }});
  add_selection_options(table, options);
  table.group("Input");
  cli::add_input_options(table, options.input);
  add_output_options(table, options);
  table.check([&options] { return check(options); });
  return table;
}

}  // namespace mqtk::recording
