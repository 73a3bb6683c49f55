#include "inspect/byte_inspection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "capture/packet_text.hpp"

namespace mqtk::inspect {

using cli::ExitStatus;
using State = PacketStream::Item::State;

ByteInspection::ByteInspection(cli::PacketViewer& viewer, const Options& options, std::string source_name,
                               std::optional<HexForm> form)
    : viewer_(viewer),
      options_(options),
      source_name_(std::move(source_name)),
      stream_({.version = options.version, .sender = options.sender}),
      decoder_(viewer.wants_notes() ? Notes::always : Notes::when_needed),
      number_(++viewer.streams) {
  if (form) hex_.emplace(*form);
  if (!options.viewing.show_secrets) decoder_.hide_signatures();
}

bool ByteInspection::feed(std::string_view block) {
  std::vector<std::uint8_t>& bytes = stream_.feed_buffer();
  if (!hex_) {
    const Bytes raw = as_bytes(block);
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  } else if (const auto failed = hex_->feed(block, bytes)) {
    tell_form();
    viewer_.complain(source_name_, failed->text(), ExitStatus::malformed_input);
    failed_ = true;
  }
  tell_form();
  show_packets();
  return !failed_;
}

void ByteInspection::finish() {
  std::optional<HexError> at_end;
  if (hex_ && !failed_) at_end = hex_->finish(stream_.feed_buffer());
  tell_form();
  failed_ = failed_ || at_end;
  stream_.finish();
  show_packets();
  if (at_end) viewer_.complain(source_name_, at_end->text(), ExitStatus::malformed_input);
}

void ByteInspection::show_packets() {
  while (!viewer_.ended()) {
    const auto item = stream_.next();
    if (!item) return;
    if (!version_told_) tell_version();
    // Half a packet before damaged text is no finding of its own: the damage has been told.
    if (item->state == State::incomplete && failed_) return;
    show(*item);
  }
}

void ByteInspection::show(const PacketStream::Item& item) {
  if (item.state == State::skipped) {
    viewer_.complain(
        source_name_,
        fmt::format("{} skipped at offset {}: no packet starts there", count_bytes(item.skipped_bytes), item.offset),
        ExitStatus::malformed_input);
    viewer_.count_problem();
    return;
  }
  PacketRecord& record = decoder_.decode(item);
  record.index = viewer_.next_index();
  record.stream = number_;
  viewer_.show(record, nullptr);
}

// Said once per source, if it is more than plain digits and nobody asked for it.
void ByteInspection::tell_form() {
  if (form_told_ || !hex_ || options_.input_format != InputFormat::automatic) return;
  const HexForm form = hex_->form();
  if (form == HexForm::automatic) return;
  form_told_ = true;
  if (form != HexForm::plain) {
    viewer_.complain(source_name_, fmt::format("read as {}", hex_form_name(form)), ExitStatus::done);
  }
}

// Said once per source, and only where it was a choice.
void ByteInspection::tell_version() {
  version_told_ = true;
  if (stream_.version_source() != PacketStream::VersionSource::tried || stream_.trial_was_idle()) return;
  const auto& trials = stream_.trials();
  const auto fewer = [](const auto& a, const auto& b) { return a.faults < b.faults; };
  const PacketStream::Trial best = *std::ranges::min_element(trials, fewer);
  std::string others;
  for (const PacketStream::Trial& trial : trials) {
    if (trial.version == best.version) continue;
    if (!others.empty()) others += ", ";
    append_format(others, "{}: {}", version_text(trial.version),
                  trial.faults == best.faults ? "fits as well"
                                              : fmt::format("{} fault{}", trial.faults, trial.faults == 1 ? "" : "s"));
  }
  viewer_.complain(
      source_name_,
      fmt::format("no CONNECT tells the version; read as MQTT {} ({}); -V sets it", version_text(best.version), others),
      ExitStatus::done);
}

}  // namespace mqtk::inspect
