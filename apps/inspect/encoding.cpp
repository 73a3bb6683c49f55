#include "inspect/encoding.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/hex.hpp"
#include "capture/line_source.hpp"
#include "capture/packet_encode.hpp"
#include "cli/output.hpp"
#include "cli/stream_file.hpp"
#include "codec/codec.hpp"
#include "codec/fault_text.hpp"

namespace mqtk::inspect {
namespace {

using cli::ExitStatus;

// The longest payload as base64, and room for the rest.
constexpr std::size_t longest_line = 400UL * 1024 * 1024;

class Encoding {
 public:
  Encoding(const Options& options, std::unique_ptr<cli::StreamFile> written)
      : options_(options), written_(std::move(written)) {}

  ExitStatus run();

 private:
  void read(const std::string& input);
  [[nodiscard]] bool take(std::string_view line);
  void write(const EncodedPacket& packet);
  void warn(const EncodedPacket& packet);
  void complain(const std::string& what, ExitStatus status) {
    cli::report(place_ + what);
    status_ = status;
  }

  const Options& options_;
  std::unique_ptr<cli::StreamFile> written_;
  cli::Output output_;
  ExitStatus status_ = ExitStatus::done;
  std::string place_;  // "report.json: line 3: "
};

ExitStatus Encoding::run() {
  if (options_.inputs.empty()) read("-");
  for (const std::string& input : options_.inputs) {
    if (status_ == ExitStatus::done && !output_.ended()) read(input);
  }
  output_.flush();
  if (written_) {
    if (const std::string failure = written_->finish(); !failure.empty()) {
      place_.clear();
      complain(failure, ExitStatus::local_failure);
    }
  }
  return output_.ended() ? output_.status() : status_;
}

void Encoding::read(const std::string& input) {
  const bool is_text = input.starts_with('{');
  auto stream = is_text ? memory_stream(as_bytes(input)) : input == "-" ? descriptor_stream(0) : file_stream(input);
  LineSource lines{std::move(stream), longest_line};
  const std::string name = is_text ? "" : input == "-" ? "standard input: " : input + ": ";
  std::string_view line;
  while (status_ == ExitStatus::done && !output_.ended()) {
    const LineSource::State state = lines.next(line);
    place_ = fmt::format("{}line {}: ", name, lines.number());
    if (state == LineSource::State::end) return;
    if (state == LineSource::State::failed) {
      place_.clear();
      return complain(fmt::format("cannot read {}: {}", input, lines.error().message()), ExitStatus::usage);
    }
    if (state == LineSource::State::too_long) {
      return complain(fmt::format("longer than {} bytes", longest_line), ExitStatus::malformed_input);
    }
    if (line.find_first_not_of(" \t\r") != std::string_view::npos && !take(line)) return;
  }
}

// False ends the reading: what follows a damaged line may depend on it.
bool Encoding::take(std::string_view line) {
  const auto packet = encode_packet_json(line);
  if (!packet) {
    complain(packet.error(), ExitStatus::malformed_input);
    return false;
  }
  if (!*packet) return true;
  warn(**packet);
  write(**packet);
  return true;
}

void Encoding::write(const EncodedPacket& packet) {
  if (written_) {
    PacketRecord record;
    record.stream = packet.stream;
    record.time = packet.time;
    record.sender = packet.sender;
    record.bytes = packet.bytes;
    written_->append(record);
  }
  if (options_.encode_to == EncodedForm::binary) output_.write(as_text(packet.bytes));
  if (options_.encode_to == EncodedForm::hex) output_.write(to_hex(packet.bytes, " ") + '\n');
}

// What the packet breaks is told and written nevertheless: to send it may be what it is made for.
void Encoding::warn(const EncodedPacket& packet) {
  const Annotated notes = annotate(packet.bytes, {packet.version, packet.sender});
  const auto type = static_cast<PacketType>(packet.bytes.front() >> 4U);
  for (const Problem& problem : notes.problems) {
    cli::report(place_ + "note: " + fault_text(problem.fault, type, packet.version));
  }
}

}  // namespace

ExitStatus encode_packets(const Options& options) {
  std::unique_ptr<cli::StreamFile> written;
  const bool to_stdout = options.encode_to == EncodedForm::pcapng;
  if (options.viewing.write || to_stdout) {
    auto created = cli::StreamFile::create(options.viewing.write.value_or("-"));
    if (!created) {
      cli::report(created.error());
      return ExitStatus::local_failure;
    }
    written = std::move(*created);
  }
  return Encoding{options, std::move(written)}.run();
}

}  // namespace mqtk::inspect
