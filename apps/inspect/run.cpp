#include "inspect/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "capture/annotated_view.hpp"
#include "capture/packet_json.hpp"
#include "capture/packet_line.hpp"
#include "capture/packet_stream.hpp"
#include "capture/packet_text.hpp"
#include "inspect/rules.hpp"
#include "inspect/source.hpp"

namespace mqtk::inspect {
namespace {

using cli::ExitStatus;
using State = PacketStream::Item::State;

std::optional<HexForm> hex_form(InputFormat format) {
  switch (format) {
    case InputFormat::automatic: return HexForm::automatic;
    case InputFormat::hex: return HexForm::plain;
    case InputFormat::xxd: return HexForm::xxd;
    case InputFormat::hexdump: return HexForm::hexdump;
    case InputFormat::raw: break;
  }
  return std::nullopt;
}

// decode() does not speak of advice; any that there is concerns the payload of a message or of a Will.
bool may_have_advice(const Packet& packet) {
  if (std::holds_alternative<Connect>(packet)) return true;
  const auto* publish = std::get_if<Publish>(&packet);
  return publish != nullptr && publish->properties.number(PropertyId::payload_format_indicator) == 1;
}

class Inspection {
 public:
  explicit Inspection(const Options& options)
      : options_(options), paint_(cli::use_color(options.color) ? Paint::colored : Paint::plain) {}

  ExitStatus run();

 private:
  void inspect(Source source);
  bool feed(std::string_view block, const std::string& name);
  void show_packets();
  void show(const PacketStream::Item& item);
  void append_view(const PacketRecord& record);
  void tell_form();
  void tell_version();
  void append_summary();
  void complain(const std::string& source_name, const std::string& text, ExitStatus status);
  [[nodiscard]] Secrets secrets() const { return options_.show_secrets ? Secrets::shown : Secrets::hidden; }

  const Options& options_;
  Paint paint_;
  cli::Output output_;
  ExitStatus status_ = ExitStatus::done;
  std::uint64_t packets_ = 0;
  std::uint64_t problems_ = 0;
  std::uint64_t streams_ = 0;

  // Of the source being read.
  std::string source_name_;
  std::optional<HexInput> hex_;
  std::optional<PacketStream> stream_;
  bool form_told_ = false;
  bool version_told_ = false;
  bool hex_failed_ = false;
};

ExitStatus Inspection::run() {
  for (const SourceName& each : sources_of(options_.inputs)) {
    if (output_.ended()) break;
    if (each.kind == SourceName::Kind::text) {
      inspect(Source::of_text(each.value));
    } else if (auto source = Source::open(each.value)) {
      inspect(std::move(*source));
    } else {
      complain("", source.error(), ExitStatus::usage);
    }
  }
  if (options_.summary) append_summary();
  output_.flush();
  return output_.ended() ? output_.status() : status_;
}

void Inspection::inspect(Source source) {
  ++streams_;
  source_name_ = source.name();
  stream_.emplace(PacketStream::Options{options_.version, options_.sender});
  hex_.reset();
  if (const auto form = hex_form(options_.input_format)) hex_.emplace(*form);
  form_told_ = version_told_ = hex_failed_ = false;

  while (!hex_failed_ && !output_.ended()) {
    const auto block = source.read();
    if (!block) {
      complain("", block.error(), ExitStatus::usage);
      break;
    }
    if (block->empty()) break;
    hex_failed_ = !feed(*block, source.name());
    show_packets();
  }
  std::optional<HexError> at_end;
  if (hex_ && !hex_failed_) at_end = hex_->finish(stream_->feed_buffer());
  tell_form();
  hex_failed_ = hex_failed_ || at_end;
  stream_->finish();
  show_packets();
  if (at_end) complain(source.name(), at_end->text(), ExitStatus::malformed_input);
  if (const std::uint64_t unread = stream_->unread_bytes(); unread > 0) {
    complain(source.name(), fmt::format("no packet can be found any more: {} not read", count_bytes(unread)),
             ExitStatus::malformed_input);
  }
}

// False when the text is damaged; what came before the damage has been fed.
bool Inspection::feed(std::string_view block, const std::string& name) {
  std::vector<std::uint8_t>& bytes = stream_->feed_buffer();
  if (!hex_) {
    const Bytes raw = as_bytes(block);
    bytes.insert(bytes.end(), raw.begin(), raw.end());
    return true;
  }
  const auto failed = hex_->feed(block, bytes);
  tell_form();
  if (!failed) return true;
  complain(name, failed->text(), ExitStatus::malformed_input);
  return false;
}

void Inspection::show_packets() {
  while (!output_.ended()) {
    const auto item = stream_->next();
    if (!item) return;
    if (!version_told_) tell_version();
    // Half a packet before damaged text is no finding of its own: the damage has been told.
    if (item->state == State::incomplete && hex_failed_) return;
    show(*item);
    output_.wrote();
  }
}

void Inspection::show(const PacketStream::Item& item) {
  PacketRecord record;
  record.index = packets_++;
  record.offset = item.offset;
  record.stream = streams_;
  record.sender = item.sender;
  record.version = item.version;
  record.type = item.type;
  record.bytes = item.bytes;
  record.missing_bytes = item.missing_bytes;

  const CodecContext context{item.version, item.sender};
  Packet packet;
  Annotated notes;
  std::vector<std::uint8_t> copy;
  record.packet = &packet;
  const bool plain = options_.view != View::annotated && item.state == State::whole &&
                     !decode(item.bytes, context, packet) && !may_have_advice(packet);
  if (!plain) {
    notes = item.state == State::incomplete ? annotate_incomplete(item.bytes, context, copy)
                                            : annotate(item.bytes, context);
    record.packet = &notes.packet;
    record.decoded = notes.decoded;
    record.annotations = notes.annotations;
    record.problems = notes.problems;
    if (const auto version = version_of_connect(notes)) record.version = *version;
  }
  problems_ += record.problems.size() + (record.missing_bytes > 0 ? 1U : 0U);
  const bool broken = record.missing_bytes > 0 || std::ranges::any_of(record.problems, [](const Problem& problem) {
                        return rule_info(problem.fault.rule).rule_class != RuleClass::advice;
                      });
  if (broken && status_ == ExitStatus::done) status_ = ExitStatus::malformed_input;
  append_view(record);
}

void Inspection::append_view(const PacketRecord& record) {
  std::string& out = output_.buffer();
  switch (options_.view) {
    case View::annotated:
      append_annotated_view(out, record, {paint_, secrets(), options_.full ? Folding::full : Folding::folded});
      break;
    case View::line: append_packet_line(out, record, {paint_, secrets()}); break;
    case View::json:
      append_packet_json(out, record, secrets());
      out += '\n';
      break;
  }
}

// Said once per source, if it is more than plain digits and nobody asked for it.
void Inspection::tell_form() {
  if (form_told_ || !hex_ || options_.input_format != InputFormat::automatic) return;
  const HexForm form = hex_->form();
  if (form == HexForm::automatic) return;
  form_told_ = true;
  if (form != HexForm::plain) {
    complain(source_name_, fmt::format("read as {}", hex_form_name(form)), ExitStatus::done);
  }
}

// Said once per source, and only where it was a choice.
void Inspection::tell_version() {
  version_told_ = true;
  if (stream_->version_source() != PacketStream::VersionSource::tried || stream_->trial_was_idle()) return;
  const auto& trials = stream_->trials();
  const auto fewer = [](const auto& a, const auto& b) { return a.faults < b.faults; };
  const PacketStream::Trial best = *std::ranges::min_element(trials, fewer);
  std::string others;
  for (const PacketStream::Trial& trial : trials) {
    if (trial.version == best.version) continue;
    if (!others.empty()) others += ", ";
    fmt::format_to(std::back_inserter(others), "{}: {}", version_text(trial.version),
                   trial.faults == best.faults ? "fits as well"
                                               : fmt::format("{} fault{}", trial.faults, trial.faults == 1 ? "" : "s"));
  }
  complain(
      source_name_,
      fmt::format("no CONNECT tells the version; read as MQTT {} ({}); -V sets it", version_text(best.version), others),
      ExitStatus::done);
}

void Inspection::append_summary() {
  auto out = std::back_inserter(output_.buffer());
  if (options_.view == View::json) {
    fmt::format_to(out, R"({{"summary":{{"packets":{},"problems":{},"streams":{}}}}})", packets_, problems_, streams_);
    output_.buffer() += '\n';
  } else {
    fmt::format_to(out, "{} packet{}, {} problem{}, {} stream{}\n", packets_, packets_ == 1 ? "" : "s", problems_,
                   problems_ == 1 ? "" : "s", streams_, streams_ == 1 ? "" : "s");
  }
}

// A line on stderr, behind what it is about on stdout. A file that could not be read outweighs damage.
void Inspection::complain(const std::string& source_name, const std::string& text, ExitStatus status) {
  output_.flush();
  cli::report(source_name.empty() ? text : source_name + ": " + text);
  if (status == ExitStatus::usage || status_ == ExitStatus::done) status_ = status;
}

}  // namespace

ExitStatus run(const Options& options) {
  if (!options.explain && !options.list_rules) return Inspection{options}.run();
  cli::Output output;
  if (options.explain) {
    const std::string text = explain(*options.explain);
    if (text.empty()) {
      cli::report_usage(fmt::format("'{}' is neither a rule nor a statement that a rule cites; --list-rules shows all",
                                    *options.explain));
      return ExitStatus::usage;
    }
    output.write(text);
  }
  if (options.list_rules) output.write(options.json ? rule_list_json() : rule_list());
  output.flush();
  return output.status();
}

}  // namespace mqtk::inspect
