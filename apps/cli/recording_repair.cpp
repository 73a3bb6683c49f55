#include "cli/recording_repair.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "capture/mcap_reader.hpp"
#include "capture/recording_format.hpp"
#include "cli/byte_size.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"

namespace mqtk::cli {
namespace {

ExitStatus fail(std::string_view doing, const std::string& path, std::error_code error) {
  report(fmt::format("cannot {} {}: {}", doing, path, error.message()));
  return ExitStatus::local_failure;
}

struct Salvage {
  std::uint64_t messages = 0;
  std::uint64_t problems = 0;
  std::error_code error;
};

Salvage copy(McapReader& reader, McapWriter& writer, OutputFile& out) {
  Salvage salvage;
  const auto write = [&] {
    if (!salvage.error) salvage.error = out.write(writer.output());
    writer.output_written();
  };
  MessageRecord message;
  for (;;) {
    const RecordingReader::State state = reader.next(message);
    if (state == RecordingReader::State::end || salvage.error) break;
    if (state == RecordingReader::State::damaged) {
      ++salvage.problems;
      report(reader.problem());
      continue;
    }
    writer.append(message);
    ++salvage.messages;
    if (!writer.has_open_chunk()) write();
  }
  for (bool done = false; !done && !salvage.error;) {
    done = writer.finish();
    write();
  }
  if (!salvage.error) salvage.error = writer.error();
  if (!salvage.error) salvage.error = out.sync();
  return salvage;
}

}  // namespace

ExitStatus repair_recording(const std::string& path, const std::optional<std::string>& target,
                            OutputFile::Existing existing) {
  auto source = open_file(path);
  if (!source) {
    report_usage(fmt::format("cannot open {}: {}", path, source.error().message()));
    return ExitStatus::usage;
  }
  auto reader = McapReader::open(std::move(*source));
  if (!reader) {
    report(fmt::format("{}: {}", path, reader.error()));
    return ExitStatus::malformed_input;
  }
  const std::string made = target.value_or(path + ".mending");
  auto out = OutputFile::create(made, target ? existing : OutputFile::Existing::is_replaced);
  if (!out && out.error() == std::errc::file_exists) {
    report_usage(fmt::format("{} exists; name another file, or give --overwrite", made));
    return ExitStatus::usage;
  }
  if (!out) return fail("create", made, out.error());
  mcap::Metadata about = (*reader)->recording_metadata();
  about.emplace_back("repaired_by", fmt::format("mqtk {}", version()));
  McapWriter writer{{.library = fmt::format("mqtk {}", version()), .metadata = about, .spool_folder = folder_of(made)}};
  const Salvage salvage = copy(**reader, writer, *out);
  if (salvage.error) {
    out->remove();
    return fail("write", made, salvage.error);
  }
  if (salvage.problems == 0 && !target) {
    out->remove();
    report(fmt::format("{} is whole: {} messages", path, grouped(salvage.messages)));
    return ExitStatus::done;
  }
  if (!target && std::rename(made.c_str(), path.c_str()) != 0) {
    return fail("replace", path, {errno, std::system_category()});
  }
  report(fmt::format("{} messages are in {}", grouped(salvage.messages), target.value_or(path)));
  return ExitStatus::done;
}

}  // namespace mqtk::cli
