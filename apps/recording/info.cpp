// What a recording holds, in a few lines: from its summary, or by reading all of it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "capture/mcap_gaps.hpp"
#include "capture/mcap_reader.hpp"
#include "cli/byte_size.hpp"
#include "cli/output.hpp"
#include "recording/commands.hpp"

namespace mqtk::recording {
namespace {

using cli::ExitStatus;

struct Facts {
  std::uint64_t file_bytes = 0;
  std::uint64_t messages = 0;
  std::optional<std::uint64_t> payload_bytes;  // known only by reading all
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  std::uint64_t topics = 0;
  std::uint64_t overflowing = 0;  // messages whose topics are not counted
  McapGap longest_gap;            // between messages
  std::uint64_t chunks = 0;
  std::uint64_t compressed = 0;
  std::uint64_t uncompressed = 0;
  std::string library;
  mcap::Metadata metadata;
  std::vector<mcap::Metadata> away;  // when the recorder had no connection
  std::uint64_t problems = 0;
};

WallTime wall_time(std::uint64_t nanoseconds) {
  return WallTime{Duration{static_cast<std::int64_t>(std::min<std::uint64_t>(nanoseconds, INT64_MAX))}};
}

void take_summary(const McapReader& reader, Facts& facts) {
  const McapSummary& summary = *reader.summary();
  facts.library = summary.library;
  facts.messages = summary.messages;
  std::unordered_set<std::string_view> topics;
  reader.channels().for_each([&](std::uint16_t id, const McapChannel& channel) {
    const auto count = summary.channel_messages.find(id);
    const std::uint64_t messages = count == summary.channel_messages.end() ? 0 : count->second;
    if (channel.kind == McapChannel::Kind::attributes) facts.messages -= std::min(messages, facts.messages);
    if (channel.kind == McapChannel::Kind::overflow) facts.overflowing = messages;
    if (channel.kind == McapChannel::Kind::topic && messages > 0) topics.insert(channel.mapped.topic);
  });
  facts.topics = topics.size();
  if (facts.messages > 0) {
    facts.first = wall_time(summary.first_time);
    facts.last = wall_time(summary.last_time);
  }
  for (const McapChunk& chunk : summary.chunks) {
    ++facts.chunks;
    facts.compressed += chunk.compressed;
    facts.uncompressed += chunk.uncompressed;
  }
  for (const McapMetadata& record : summary.metadata) {
    if (record.name == "mqtt.gap") {
      facts.away.push_back(record.pairs);
      continue;
    }
    for (const auto& [name, value] : record.pairs) {
      facts.metadata.emplace_back(
          record.name == "mqtt" ? name : record.name.substr(record.name.rfind('.') + 1) + "." + name, value);
    }
  }
}

void read_all(RecordingReader& reader, Facts& facts) {
  std::unordered_set<std::string> topics;
  MessageRecord message;
  facts.payload_bytes = 0;
  for (;;) {
    const RecordingReader::State state = reader.next(message);
    if (state == RecordingReader::State::end) break;
    if (state == RecordingReader::State::damaged) {
      ++facts.problems;
      cli::report(reader.problem());
      continue;
    }
    ++facts.messages;
    *facts.payload_bytes += message.payload.size();
    if (!topics.contains(std::string{message.topic})) topics.emplace(message.topic);
    if (!message.time) continue;
    if (facts.last && *message.time > *facts.last) {
      facts.longest_gap.length = std::max(facts.longest_gap.length, *message.time - *facts.last);
    }
    facts.first = std::min(facts.first.value_or(*message.time), *message.time);
    facts.last = std::max(facts.last.value_or(*message.time), *message.time);
  }
  facts.topics = topics.size();
}

double seconds_of(const Facts& facts) { return facts.first ? to_seconds(*facts.last - *facts.first) : 0; }

std::string away_text(const mcap::Metadata& gap) {
  std::string text;
  for (const auto& [name, value] : gap) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  return text;
}

void append_pairs(std::string& out, const mcap::Metadata& pairs) {
  out += '{';
  for (const auto& [name, value] : pairs) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

void append_text(std::string& out, const std::string& path, const Facts& facts) {
  const auto line = [&out](std::string_view name, const std::string& value) {
    append_format(out, "{:<14}{}\n", std::string{name} + ":", value);
  };
  line("file", fmt::format("{}, {}", path, cli::byte_size_text(facts.file_bytes)));
  line("messages", cli::grouped(facts.messages));
  if (facts.payload_bytes) line("payload", cli::byte_size_text(*facts.payload_bytes));
  line("topics", facts.overflowing == 0 ? cli::grouped(facts.topics)
                                        : fmt::format("{}, and those of {} messages in the overflow channel",
                                                      cli::grouped(facts.topics), cli::grouped(facts.overflowing)));
  if (facts.first) {
    const double seconds = seconds_of(facts);
    line("from", rfc3339(*facts.first));
    line("to", rfc3339(*facts.last));
    line("duration", fmt::format("{:.3f} s", seconds));
    if (seconds > 0) line("rate", fmt::format("{:.1f} messages/s", static_cast<double>(facts.messages) / seconds));
    line("longest gap", fmt::format("{}{:.3f} s", facts.longest_gap.is_exact ? "" : "at least ",
                                    to_seconds(facts.longest_gap.length)));
  }
  if (facts.chunks > 0) {
    const double ratio = 100.0 * static_cast<double>(facts.compressed) / static_cast<double>(facts.uncompressed);
    line("chunks", fmt::format("{}, compressed to {:.1f} %", cli::grouped(facts.chunks), ratio));
  }
  if (!facts.library.empty()) line("written by", facts.library);
  for (const mcap::Metadata& gap : facts.away) line("away", away_text(gap));
  for (const auto& [name, value] : facts.metadata) out += fmt::format("  {} = {}\n", name, value);
}

void append_json(std::string& out, const std::string& path, const Facts& facts) {
  const auto number = [&out](std::string_view name, std::uint64_t value) {
    out += fmt::format(",\"{}\":{}", name, value);
  };
  out += "{\"file\":";
  append_json_string(out, path);
  number("file_bytes", facts.file_bytes);
  number("messages", facts.messages);
  number("topics", facts.topics);
  number("overflow_messages", facts.overflowing);
  if (facts.payload_bytes) number("payload_bytes", *facts.payload_bytes);
  if (facts.first) {
    out += fmt::format(",\"from\":\"{}\",\"to\":\"{}\",\"duration_seconds\":{:.9f},\"longest_gap_seconds\":{:.9f}",
                       rfc3339(*facts.first), rfc3339(*facts.last), seconds_of(facts),
                       to_seconds(facts.longest_gap.length));
    out += fmt::format(",\"longest_gap_is_exact\":{}", facts.longest_gap.is_exact);
  }
  number("chunks", facts.chunks);
  number("compressed_bytes", facts.compressed);
  number("uncompressed_bytes", facts.uncompressed);
  number("problems", facts.problems);
  out += ",\"away\":[";
  for (const mcap::Metadata& gap : facts.away) {
    if (out.back() == '}') out += ',';
    append_pairs(out, gap);
  }
  out += "],\"metadata\":";
  append_pairs(out, facts.metadata);
  out += "}\n";
}

}  // namespace

ExitStatus show_info(const Options& options) {
  cli::Output output;
  ExitStatus status = ExitStatus::done;
  for (const std::string& path : options.files) {
    auto reader = cli::open_recording(path, options.input);
    if (!reader) {
      cli::report_usage(reader.error());
      return ExitStatus::usage;
    }
    Facts facts;
    std::error_code unknown;
    if (path != "-") facts.file_bytes = std::filesystem::file_size(path, unknown);
    if (unknown) facts.file_bytes = 0;
    auto* mcap = dynamic_cast<McapReader*>(reader->get());
    if (mcap != nullptr && mcap->summary() != nullptr) {
      take_summary(*mcap, facts);
      if (const auto source = open_file(path)) facts.longest_gap = longest_gap(**source, mcap->summary()->chunks);
    } else {
      if (mcap != nullptr) facts.library = mcap->header().library;
      if (mcap != nullptr) facts.metadata = mcap->recording_metadata();
      read_all(**reader, facts);
    }
    if (facts.problems > 0) status = ExitStatus::malformed_input;
    if (options.json) {
      append_json(output.buffer(), path, facts);
    } else {
      append_text(output.buffer(), path, facts);
    }
    output.wrote();
  }
  output.flush();
  return output.ended() ? output.status() : status;
}

}  // namespace mqtk::recording
