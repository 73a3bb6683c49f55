// export, import and rm.
#include <fmt/format.h>

#include "capture/ndjson.hpp"
#include "capture/output_file.hpp"
#include "cli/output.hpp"
#include "net/loop.hpp"
#include "retained/collector.hpp"
#include "retained/commands.hpp"
#include "retained/uploader.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

std::string as_json_lines(const RetainedSet& set) {
  std::string text;
  PropertyWriter properties;
  const WallTime now = Loop{}.wall_now();
  for (const auto& [topic, message] : set) {
    append_message_json(text, MessageRecord::from(as_publish(message, properties), now));
  }
  return text;
}

ExitStatus print_topics(const RetainedSet& set) {
  cli::Output output;
  for (const auto& [topic, message] : set) {
    output.write(topic);
    output.write("\n");
  }
  output.flush();
  return output.ended() ? output.status() : ExitStatus::done;
}

}  // namespace

ExitStatus export_messages(const Options& options) {
  const auto set = collect(options, options.topics.filters);
  if (!set) return set.error();
  const std::string text = as_json_lines(*set);
  if (!options.output || *options.output == "-") {
    cli::Output output;
    output.write(text);
    output.flush();
    return output.ended() ? output.status() : ExitStatus::done;
  }
  const auto existing = options.overwrite ? OutputFile::Existing::is_replaced : OutputFile::Existing::is_refused;
  auto file = OutputFile::create(*options.output, existing);
  if (!file && file.error() == std::errc::file_exists) {
    cli::report_usage(fmt::format("{} exists; name another file, or give --overwrite", *options.output));
    return ExitStatus::usage;
  }
  const std::error_code error = file ? file->write(as_bytes(text)) : file.error();
  if (!error) return ExitStatus::done;
  cli::report(fmt::format("cannot write {}: {}", *options.output, error.message()));
  return ExitStatus::local_failure;
}

ExitStatus import_messages(const Options& options) {
  const std::string path = options.words.empty() ? "-" : options.words.front();
  std::uint64_t passed_over = 0;
  const auto set = read_set(path, options, passed_over);
  if (!set) return set.error();
  if (passed_over > 0) {
    cli::report(fmt::format("{} messages without RETAIN or without payload are passed over", passed_over));
  }
  if (options.dry_run || set->empty()) return print_topics(*set);
  cli::Output output;
  return Uploader(options, *set, Uploader::Task::publish, output).run();
}

ExitStatus remove_messages(const Options& options) {
  const auto set = collect(options, options.topics.filters);
  if (!set) return set.error();
  if (options.dry_run || set->empty()) return print_topics(*set);
  cli::Output output;
  return Uploader(options, *set, Uploader::Task::remove, output).run();
}

}  // namespace mqtk::retained
