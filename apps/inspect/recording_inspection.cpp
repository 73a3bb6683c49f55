#include "inspect/recording_inspection.hpp"

#include <fmt/format.h>

#include <array>

#include "capture/byte_source.hpp"
#include "capture/jsonl_reader.hpp"
#include "capture/mcap_format.hpp"
#include "cli/recording_input.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;

bool RecordingInspection::recognizes(const std::string& path) {
  auto source = open_file(path);
  if (!source) return false;  // who reads it tells why
  std::array<std::uint8_t, mcap::magic.size()> head{};
  if ((*source)->read(0, head) == head.size() && head == mcap::magic) return true;
  if (format_of_file(path) != RecordingFormat::jsonl) return false;
  MessageRecord message;
  return make_jsonl_reader(file_stream(path))->next(message) == RecordingReader::State::message;
}

RecordingInspection::RecordingInspection(cli::PacketViewer& viewer, const Options& options, std::string path)
    : viewer_(viewer),
      options_(options),
      path_(std::move(path)),
      decoder_(viewer.wants_notes() ? Notes::always : Notes::when_needed) {}

void RecordingInspection::run() {
  auto reader = cli::open_recording(path_, {});
  if (!reader) return viewer_.complain("", reader.error(), ExitStatus::usage);
  const std::string name = path_ == "-" ? "standard input" : path_;
  viewer_.complain(name, "read as a recording: each message is shown as the PUBLISH of MQTT 5.0 that brings it",
                   ExitStatus::done);
  ++viewer_.streams;
  MessageRecord message;
  while (!viewer_.ended()) {
    switch ((*reader)->next(message)) {
      case RecordingReader::State::end: return;
      case RecordingReader::State::damaged:
        viewer_.complain(name, (*reader)->problem(), ExitStatus::malformed_input);
        break;
      case RecordingReader::State::message: show(message); break;
    }
  }
}

void RecordingInspection::show(const MessageRecord& message) {
  const std::uint64_t index = viewer_.next_index();
  const auto packet = rebuilt_.packet(message);
  if (!packet) {
    viewer_.complain(path_, fmt::format("message {} can be no packet: {}", index, rule_info(packet.error().rule).text),
                     ExitStatus::malformed_input);
    viewer_.count_problem();
    return;
  }
  PacketStream::Item item;
  item.offset = offset_;
  item.bytes = *packet;
  item.type = PacketType::publish;
  item.sender = options_.sender == Role::unknown ? Role::server : options_.sender;
  PacketRecord& record = decoder_.decode(item);
  record.index = index;
  record.stream = viewer_.streams;
  record.time = message.time;
  viewer_.show(record, nullptr);
  offset_ += packet->size();
}

}  // namespace mqtk::inspect
