// cat, filter, merge and convert.
#include <fmt/format.h>

#include "base/append_format.hpp"
#include "base/quoted_text.hpp"
#include "capture/ndjson.hpp"
#include "capture/output_file.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "recording/commands.hpp"
#include "recording/selection.hpp"

namespace mqtk::recording {
namespace {

using cli::ExitStatus;

constexpr std::size_t shown_payload_bytes = 400;

void append_line(std::string& out, const MessageRecord& message) {
  out += message.time ? rfc3339(*message.time) : "-";
  out += ' ';
  out += message.topic;
  append_format(out, " QoS {}{}{} ", static_cast<int>(message.qos), message.retain ? " retain" : "",
                message.retained_at_subscribe ? " (at subscribe)" : "");
  append_quoted(out, message.payload, shown_payload_bytes);
  out += '\n';
}

// A file, or standard output.
class Target {
 public:
  // What is wrong, or nothing.
  std::string open(const Options& options) {
    if (*options.output == "-") return "";
    const auto existing = options.overwrite ? OutputFile::Existing::is_replaced : OutputFile::Existing::is_refused;
    auto file = OutputFile::create(*options.output, existing);
    if (!file && file.error() == std::errc::file_exists) {
      return fmt::format("{} exists; name another file, or give --overwrite", *options.output);
    }
    if (!file) return fmt::format("cannot create {}: {}", *options.output, file.error().message());
    file_ = std::move(*file);
    return "";
  }

  // False when no more can be written.
  bool write(RecordingWriter& writer) {
    if (writer.output().empty()) return true;
    bool written = true;
    if (file_) {
      const std::error_code error = file_->write(writer.output());
      if (error) cli::report(fmt::format("cannot write {}: {}", file_->path(), error.message()));
      written = !error;
    } else {
      output_.write(as_text(writer.output()));
      written = !output_.ended();
    }
    writer.output_written();
    return written;
  }

  // After a write that failed, or the last.
  ExitStatus end(ExitStatus status) {
    if (file_) return status;
    output_.flush();
    return output_.ended() ? output_.status() : status;
  }
  [[nodiscard]] bool is_file() const { return file_.has_value(); }

 private:
  std::optional<OutputFile> file_;
  cli::Output output_;
};

}  // namespace

ExitStatus print_messages(const Options& options) {
  auto selection = Selection::open(options, options.files);
  if (!selection) return ExitStatus::usage;
  cli::Output output;
  MessageRecord message;
  while (!output.ended() && selection->next(message)) {
    if (options.json) {
      append_message_json(output.buffer(), message);
    } else {
      append_line(output.buffer(), message);
    }
    output.wrote();
  }
  output.flush();
  return output.ended() ? output.status() : selection->status();
}

ExitStatus write_messages(const Options& options) {
  auto selection = Selection::open(options, options.files);
  if (!selection) return ExitStatus::usage;
  Target target;
  if (const std::string problem = target.open(options); !problem.empty()) {
    cli::report_usage(problem);
    return ExitStatus::usage;
  }
  const RecordingFormat format =
      options.format.value_or(format_of_file(*options.output).value_or(RecordingFormat::jsonl));
  const std::string library = fmt::format("mqtk {}", cli::version());
  const std::string folder = target.is_file() ? folder_of(*options.output) : "/tmp";
  const auto writer =
      make_recording_writer(format, {.library = library, .metadata = selection->metadata(), .spool_folder = folder});
  MessageRecord message;
  WallTime last{};
  while (selection->next(message)) {
    // MCAP and pcapng have a time for each message.
    last = message.time.value_or(last);
    if (format != RecordingFormat::jsonl) message.time = last;
    writer->append(message);
    constexpr std::size_t block_bytes = 65'536;
    if (writer->output().size() > block_bytes && !target.write(*writer)) return target.end(ExitStatus::local_failure);
  }
  for (bool done = false; !done;) {
    done = writer->finish();
    if (!target.write(*writer)) return target.end(ExitStatus::local_failure);
  }
  return target.end(selection->status());
}

}  // namespace mqtk::recording
