#include "cli/recording_input.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "capture/jsonl_reader.hpp"
#include "capture/mcap_reader.hpp"
#include "capture/pcap_reader.hpp"
#include "cli/option_table.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::cli {
namespace {

using Opened = std::expected<std::unique_ptr<RecordingReader>, std::string>;

Opened open_text(std::unique_ptr<ByteStream> stream, RecordingFormat format, const InputOptions& options) {
  if (format == RecordingFormat::csv) return make_csv_reader(std::move(stream), options.csv_payload);
  return make_jsonl_reader(std::move(stream));
}

// MCAP is known by its first bytes whatever the name; the texts by the name, else a JSON object begins with a brace.
std::optional<RecordingFormat> guess(ByteSource& source, const std::string& path) {
  std::array<std::uint8_t, 8> head{};
  const std::size_t count = source.read(0, head).value_or(0);
  if (count >= 5 && head[0] == 0x89 && as_text({head.data() + 1, 4}) == "MCAP") return RecordingFormat::mcap;
  if (count >= 4 && PcapReader::recognizes({head.data(), count})) return RecordingFormat::pcapng;
  if (const auto format = format_of_file(path)) return format;
  if (count > 0 && head[0] == '{') return RecordingFormat::jsonl;
  return std::nullopt;
}

}  // namespace

Opened open_recording(const std::string& path, const InputOptions& options) {
  if (path == "-") {
    const RecordingFormat format = options.format.value_or(RecordingFormat::jsonl);
    if (format == RecordingFormat::mcap || format == RecordingFormat::pcapng) {
      return std::unexpected("standard input can be jsonl or csv; write other recordings into a file first");
    }
    return open_text(descriptor_stream(STDIN_FILENO), format, options);
  }
  auto source = open_file(path);
  if (!source) return std::unexpected(fmt::format("cannot open {}: {}", path, source.error().message()));
  const auto format = options.format ? options.format : guess(**source, path);
  if (!format) {
    return std::unexpected(
        fmt::format("{}: neither its name nor its first bytes tell a format; give --input-format", path));
  }
  if (*format == RecordingFormat::jsonl || *format == RecordingFormat::csv) {
    return open_text(file_stream(path), *format, options);
  }
  if (*format == RecordingFormat::pcapng) return make_pcap_recording(file_stream(path), options.direction);
  auto reader = McapReader::open(std::move(*source));
  if (!reader) return std::unexpected(fmt::format("{}: {}", path, reader.error()));
  return std::move(*reader);
}

void add_input_options(OptionTable& table, InputOptions& options) {
  table.add({.long_name = "input-format",
             .value = "FORMAT",
             .help = "mcap, jsonl, csv or pcap, whatever the name of the file says",
             .completion = Completion::choice,
             .choices = {"mcap", "jsonl", "csv", "pcap"},
             .set = store_choice<std::optional<RecordingFormat>>(options.format, {{"mcap", RecordingFormat::mcap},
                                                                                  {"jsonl", RecordingFormat::jsonl},
                                                                                  {"csv", RecordingFormat::csv},
                                                                                  {"pcap", RecordingFormat::pcapng}})});
  table.add({.long_name = "csv-base64",
             .help = "All payloads of CSV files are base64",
             .set = [&options](std::string_view) -> Accepted {
               options.csv_payload = CsvPayload::base64;
               return {};
             }});
  table.add({.long_name = "direction",
             .value = "DIRECTION",
             .help = "Of packet captures: messages to-server, to-client or both",
             .manual = "A capture at a broker holds a message on its way in and again for each subscriber.",
             .completion = Completion::choice,
             .choices = {"to-server", "to-client", "both"},
             .default_text = "both",
             .set = store_choice<CaptureDirection>(options.direction, {{"to-server", CaptureDirection::to_server},
                                                                       {"to-client", CaptureDirection::to_client},
                                                                       {"both", CaptureDirection::both}})});
}

bool TopicSelection::contains(std::string_view topic) const {
  const auto matches = [topic](const std::string& filter) { return topic_matches(filter, topic); };
  return (filters.empty() || std::ranges::any_of(filters, matches)) && !std::ranges::any_of(hidden_filters, matches);
}

std::string TopicSelection::problem(Version version) const {
  for (const auto* list : {&filters, &hidden_filters}) {
    for (const std::string& filter : *list) {
      if (const Fault fault = TopicFilter::check(filter, version)) {
        return fmt::format("filter '{}': {}", filter, rule_info(fault.rule).text);
      }
    }
  }
  return "";
}

void add_topic_options(OptionTable& table, TopicSelection& topics) {
  table.add({.long_name = "topic",
             .short_letter = 't',
             .value = "FILTER",
             .help = "Only messages that match",
             .completion = Completion::topic,
             .repeatable = true,
             .default_text = "all",
             .set = append(topics.filters)});
  table.add({.long_name = "filter-out",
             .short_letter = 'T',
             .value = "FILTER",
             .help = "No messages that match",
             .completion = Completion::topic,
             .repeatable = true,
             .set = append(topics.hidden_filters)});
}

std::optional<WallTime> TimeLimit::at(WallTime start) const {
  if (moment) return moment;
  if (!after_start) return std::nullopt;
  return *after_start > WallTime::max() - start ? WallTime::max() : start + *after_start;
}

void add_time_options(OptionTable& table, TimeLimit& from, TimeLimit& to) {
  const auto store_limit = [](TimeLimit& target) {
    return [&target](std::string_view text) -> Accepted {
      TimeLimit limit;
      limit.moment = parse_rfc3339(text);
      if (!limit.moment) limit.after_start = parse_duration(text);
      if (!limit.given()) {
        return std::unexpected(
            "neither a time such as 2026-11-20T23:56:54Z nor one after the first message such as 90s");
      }
      target = limit;
      return {};
    };
  };
  table.add({.long_name = "from",
             .value = "TIME",
             .help = "Begin there: 2026-11-20T23:56:54Z, or 90s after the first message",
             .manual = "In an MCAP file what lies before is passed over by the index.",
             .set = store_limit(from)});
  table.add({.long_name = "to", .value = "TIME", .help = "End there, likewise", .set = store_limit(to)});
}

}  // namespace mqtk::cli
