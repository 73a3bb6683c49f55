#include "record/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/byte_size.hpp"
#include "cli/output.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::record {
namespace {

using cli::Accepted;
using cli::ExitStatus;

cli::ProgramText program_text() {
  return {
      .name = "mqtk-record",
      .summary = "record messages into a file",
      .synopsis = {"[OPTION]... [-t FILTER]... FILE", "--repair FILE"},
      .description =
          "Subscribes and writes each message with its topic, payload, QoS, RETAIN, DUP, all properties and the time "
          "at "
          "which it came into FILE, until a limit is reached or the program is interrupted. mqtk-replay publishes such "
          "a file again, mqtk-recording looks into it, and mqtk-recording(5) describes it.\n\n"
          "FILE is an MCAP file unless its name ends in .jsonl, .pcapng or .csv. As - it is standard output, in JSON "
          "Lines unless --format says otherwise.\n\n"
          "Messages are written in chunks. Whatever happens to the program or the machine, all chunks that were closed "
          "can be read, and --repair gives the file the summary that it lacks then. A QoS 1 or 2 message is "
          "acknowledged when it is in the open chunk; with --fsync not before it is on the disk.\n\n"
          "With MQTT 5.0 the program subscribes twice in one go, so that RETAIN stays as the publishers set it and "
          "retained messages that the broker sends at the subscription are told from live ones. Before 5.0, and where "
          "the broker takes no Subscription Identifiers, RETAIN says just that and the publishers' flag is lost.",
      .examples = {{"Record everything until Ctrl-C", "mqtk record all.mcap"},
                   {"Record 1000 messages of two filters", "mqtk record -t 'room/#' -t 'door/+' -C 1000 rooms.mcap"},
                   {"Keep the last ten files of 100 MB", "mqtk record --rotate 100M --keep 10 log.mcap"},
                   {"Watch the traffic as JSON", "mqtk record - | jq .topic"},
                   {"Mend a recording that was not finished", "mqtk record --repair all.mcap"}},
      .exit_statuses = {ExitStatus::done, ExitStatus::usage, ExitStatus::not_connected, ExitStatus::refused_at_connect,
                        ExitStatus::refused_later, ExitStatus::connection_lost, ExitStatus::malformed_input,
                        ExitStatus::local_failure},
      .see_also = {"mqtk-replay(1)", "mqtk-recording(1)", "mqtk-recording(5)", "mqtk-sub(1)"},
  };
}

void add_recording_options(cli::OptionTable& table, Options& options, std::optional<RecordingFormat>& format) {
  table.group("Recording");
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Topic Filter to record",
             .completion = cli::Completion::topic,
             .repeatable = true,
             .default_text = "#",
             .set = cli::append(options.filters)});
  table.add({.long_name = "qos",
             .short_letter = 'q',
             .value = "QOS",
             .help = "Highest QoS to receive at",
             .completion = cli::Completion::choice,
             .choices = {"0", "1", "2"},
             .default_text = "2",
             .set = cli::store(options.qos)});
  table.add({.long_name = "no-retained",
             .short_letter = 'R',
             .help = "Leave out the retained messages that the broker sends at the subscription",
             .set = cli::set_false(options.retained)});
  table.add({.long_name = "format",
             .value = "FORMAT",
             .help = "mcap, jsonl, pcapng or csv, whatever the name of the file says",
             .manual = "jsonl is one JSON object for each message, as mqtk sub --json prints them. pcapng shows the "
                       "messages as packets of MQTT 5.0 in Wireshark. csv keeps time, topic, payload, QoS and RETAIN.",
             .completion = cli::Completion::choice,
             .choices = {"mcap", "jsonl", "pcapng", "csv"},
             .set = cli::store_choice<std::optional<RecordingFormat>>(format, {{"mcap", RecordingFormat::mcap},
                                                                               {"jsonl", RecordingFormat::jsonl},
                                                                               {"pcapng", RecordingFormat::pcapng},
                                                                               {"csv", RecordingFormat::csv}})});
  table.add({.long_name = "overwrite", .help = "Replace a file that exists", .set = cli::set_true(options.overwrite)});
  table.add({.long_name = "repair",
             .help = "Connect nowhere; mend FILE, which was not finished or is damaged",
             .manual = "All messages of whole chunks are written into a new file, which then takes the place of FILE. "
                       "Says what was lost.",
             .set = cli::set_true(options.repair)});
}

void add_writing_options(cli::OptionTable& table, Options& options) {
  table.group("Writing");
  table.add({.long_name = "chunk-size",
             .value = "SIZE",
             .help = "Close a chunk that holds this much before compression",
             .manual = "At most a sixteenth of --rotate and --size, which are looked at between chunks.",
             .default_text = "1MiB",
             .set = [&options](std::string_view text) -> Accepted {
               const auto size = cli::parse_byte_size(text);
               constexpr std::uint64_t largest = std::uint64_t{16} * 1024 * 1024;
               if (!size || *size > largest) return std::unexpected("not a size from 1 to 16MiB");
               options.chunk_bytes = *size;
               return {};
             }});
  table.add({.long_name = "chunk-age",
             .value = "DURATION",
             .help = "Close a chunk whose first message is so old",
             .manual = "This is how much a crash can cost.",
             .default_text = "1s",
             .set = cli::store(options.chunk_age)});
  table.add({.long_name = "compression",
             .value = "LEVEL",
             .help = "zstd level 1 to 19, or none",
             .default_text = "1",
             .set = [&options](std::string_view text) -> Accepted {
               options.compression_given = true;
               options.zstd_level.reset();
               if (text == "none") return {};
               const auto level = cli::parse_number(text, 1, 19);
               if (!level) return std::unexpected("neither none nor a level from 1 to 19");
               options.zstd_level = static_cast<int>(*level);
               return {};
             }});
  table.add({.long_name = "fsync",
             .help = "Acknowledge messages only when they are on the disk",
             .manual = "Chunks are closed and synchronised at most 20 ms after a message came, so files become larger.",
             .set = cli::set_true(options.fsync)});
  table.add({.long_name = "rotate",
             .value = "LIMIT",
             .help = "Begin a new file after so many bytes (100M) or so much time (10m)",
             .manual = "The files are FILE with a rising number before the last dot: log-000001.mcap. Numbers go on "
                       "behind those of files that are there already.",
             .set = [&options](std::string_view text) -> Accepted {
               options.rotate_bytes = cli::parse_byte_size(text);
               const bool bare = !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
               options.rotate_age = options.rotate_bytes ? std::nullopt : parse_duration(text);
               if (bare || (!options.rotate_bytes && !options.rotate_age)) {
                 return std::unexpected("neither a size such as 100M nor a time such as 10m");
               }
               return {};
             }});
  table.add({.long_name = "keep",
             .value = "COUNT",
             .help = "With --rotate: remove the oldest files of this run beyond so many",
             .set = cli::store_number(options.keep, 1, 1'000'000)});
  table.add({.long_name = "split-by",
             .value = "WHAT",
             .help = "topic: a file for each topic",
             .manual =
                 "The topic stands in the file's name behind a dash, with % and two hex digits for each byte that "
                 "is no letter, digit, dot, dash or underscore. Topics beyond the first 200 share FILE itself.",
             .completion = cli::Completion::choice,
             .choices = {"topic"},
             .set = cli::store_choice<Options::Split>(options.split, {{"topic", Options::Split::by_topic}})});
}

void add_end_options(cli::OptionTable& table, Options& options) {
  table.group("End");
  table.add({.long_name = "count",
             .short_letter = 'C',
             .value = "COUNT",
             .help = "End after so many messages",
             .set = cli::store_number(options.count, 1, UINT64_MAX)});
  table.add({.long_name = "duration",
             .value = "DURATION",
             .help = "End after so much time, from the first connection on",
             .set = cli::store(options.duration)});
  table.add({.long_name = "size",
             .value = "SIZE",
             .help = "End when so many bytes are written",
             .set = cli::store_byte_size(options.size_bytes)});
  table.add({.long_name = "idle",
             .value = "DURATION",
             .help = "End when no message has come for so long",
             .set = cli::store(options.idle)});
  table.add(
      {.long_name = "quiet", .help = "Print no live line, no summary and no errors of the run", .set = cli::silence()});
}

Accepted check(Options& options, const std::optional<RecordingFormat>& format) {
  if (options.file.empty()) return std::unexpected("no file to record into; name it, or - for standard output");
  const bool standard_output = options.file == "-";
  options.format = format.value_or(standard_output ? RecordingFormat::jsonl
                                                   : format_of_file(options.file).value_or(RecordingFormat::mcap));
  if (options.filters.empty()) options.filters.emplace_back("#");
  for (const std::string& filter : options.filters) {
    if (const Fault fault = TopicFilter::check(filter, options.connection.connect.version)) {
      return std::unexpected(fmt::format("-t '{}': {}", filter, rule_info(fault.rule).text));
    }
  }
  const bool rotates = options.rotate_bytes || options.rotate_age;
  if (options.keep && !rotates) return std::unexpected("--keep needs --rotate");
  const bool files = rotates || options.split != Options::Split::none || options.fsync || options.repair;
  if (standard_output && files) {
    return std::unexpected("--rotate, --split-by, --fsync and --repair need a file, not standard output");
  }
  if (options.compression_given && options.format != RecordingFormat::mcap) {
    return std::unexpected(
        "--compression is for MCAP files; others can be piped: mqtk record - | zstd > FILE.jsonl.zst");
  }
  // A limit is reached where a chunk ends: chunks of 1 MiB would make a file of 200 kB several times as large.
  constexpr std::uint64_t smallest_chunk = 1024;
  for (const auto& limit : {options.rotate_bytes, options.size_bytes}) {
    if (!limit) continue;
    options.chunk_bytes = std::min(options.chunk_bytes, std::size_t{std::max(*limit / 16, smallest_chunk)});
  }
  return {};
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  options.connection.connect.reconnect.attempts = ReconnectPolicy::forever;
  options.connection.connect.reconnect.first_connect = ReconnectPolicy::FirstConnect::ends_at_failure;
  cli::OptionTable table{program_text()};
  auto format = std::make_shared<std::optional<RecordingFormat>>();
  table.add(cli::Positional{.value = "FILE",
                            .help = "The recording; - is standard output",
                            .completion = cli::Completion::file,
                            .set = cli::store(options.file)});
  add_recording_options(table, options, *format);
  cli::add_connection_options(table, options.connection,
                              {.property_scopes = {PropertyScope::connect, PropertyScope::will,
                                                   PropertyScope::subscribe, PropertyScope::disconnect},
                               .reconnect_default = "forever once the broker was reached"});
  add_writing_options(table, options);
  add_end_options(table, options);
  table.check([&options, format] { return check(options, *format); });
  return table;
}

}  // namespace mqtk::record
