#include "inspect/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/color_filter.hpp"
#include "cli/packet_viewer.hpp"
#include "inspect/byte_inspection.hpp"
#include "inspect/capture_inspection.hpp"
#include "inspect/encoding.hpp"
#include "inspect/frame_text_inspection.hpp"
#include "inspect/log_inspection.hpp"
#include "inspect/recording_inspection.hpp"
#include "inspect/rules.hpp"
#include "inspect/sn_inspection.hpp"
#include "inspect/source.hpp"

namespace mqtk::inspect {
namespace {

using cli::ExitStatus;

std::optional<HexForm> hex_form(InputFormat format) {
  switch (format) {
    case InputFormat::automatic: return HexForm::automatic;
    case InputFormat::hex: return HexForm::plain;
    case InputFormat::xxd: return HexForm::xxd;
    case InputFormat::hexdump: return HexForm::hexdump;
    case InputFormat::words: return HexForm::words;
    case InputFormat::od: return HexForm::od;
    case InputFormat::wireshark: return HexForm::wireshark;
    case InputFormat::tcpdump: return HexForm::tcpdump;
    case InputFormat::hexyl: return HexForm::hexyl;
    case InputFormat::literal: return HexForm::literal;
    case InputFormat::base64: return HexForm::base64;
    case InputFormat::raw:
    case InputFormat::pcap:
    case InputFormat::recording: break;
  }
  return std::nullopt;
}

// Control characters that no text has say that these are the bytes themselves.
bool is_binary(std::string_view head) {
  return std::ranges::any_of(without_colors(head.substr(0, 4096)).substr(0, 512), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\v' && byte != '\f';
  });
}

class Inspection {
 public:
  explicit Inspection(const Options& options, std::unique_ptr<cli::StreamFile> written)
      : options_(options), viewer_(options.viewing, std::move(written)) {}

  ExitStatus run();

 private:
  [[nodiscard]] bool is_recording(const std::string& file) const;
  void inspect(Source source);
  template <class Input>
  void read_all(Source& source, std::string_view first, Input& input);

  const Options& options_;
  cli::PacketViewer viewer_;
};

ExitStatus Inspection::run() {
  for (const SourceName& each : sources_of(options_.inputs)) {
    if (viewer_.ended()) break;
    if (is_recording(each.value)) {
      viewer_.start_source(cli::View::line);
      RecordingInspection{viewer_, options_, each.value}.run();
    } else if (each.kind == SourceName::Kind::text) {
      inspect(Source::of_text(each.value));
    } else if (auto source = Source::open(each.value, options_.follow ? Following::yes : Following::no)) {
      inspect(std::move(*source));
    } else {
      viewer_.complain("", source.error(), ExitStatus::usage);
    }
  }
  viewer_.finish();
  return viewer_.status();
}

bool Inspection::is_recording(const std::string& file) const {
  if (options_.input_format == InputFormat::recording) return true;
  const bool open = options_.input_format == InputFormat::automatic && !options_.follow && !options_.find_hex;
  return open && file != "-" && RecordingInspection::recognizes(file);
}

void Inspection::inspect(Source source) {
  const auto first = source.read();
  if (!first) {
    viewer_.complain("", first.error(), source.is_damaged() ? ExitStatus::malformed_input : ExitStatus::usage);
    return;
  }
  const bool automatic = options_.input_format == InputFormat::automatic;
  if (options_.input_format == InputFormat::pcap || (automatic && PcapReader::recognizes(as_bytes(*first)))) {
    viewer_.start_source(cli::View::line);
    CaptureInspection input{viewer_, options_, source.name()};
    read_all(source, *first, input);
    return;
  }
  viewer_.start_source(cli::View::annotated);
  if (options_.find_hex) {
    LogInspection input{viewer_, options_, source.name()};
    read_all(source, *first, input);
    return;
  }
  auto form = hex_form(options_.input_format);
  if (automatic && is_binary(*first)) {
    viewer_.complain(source.name(), "read as the bytes of packets", ExitStatus::done);
    form = std::nullopt;
  }
  const HexForm likely = form == HexForm::automatic ? detect_hex_form(*first) : form.value_or(HexForm::plain);
  if (likely == HexForm::wireshark || likely == HexForm::tcpdump) {
    FrameTextInspection input{viewer_, options_, source.name(), likely};
    read_all(source, *first, input);
  } else {
    ByteInspection input{viewer_, options_, source.name(), form};
    read_all(source, *first, input);
  }
}

template <class Input>
void Inspection::read_all(Source& source, std::string_view first, Input& input) {
  std::string_view block = first;
  while (!block.empty() && !viewer_.ended() && input.feed(block)) {
    if (source.is_live()) viewer_.flush();
    const auto next = source.read();
    if (!next) {
      viewer_.complain("", next.error(), source.is_damaged() ? ExitStatus::malformed_input : ExitStatus::usage);
      break;
    }
    block = *next;
  }
  // Where nobody reads the output, the rest of the input was not read either: its end is nothing to complain of.
  if (!viewer_.ended()) input.finish();
}

}  // namespace

ExitStatus run(const Options& options) {
  if (options.encode) return encode_packets(options);
  if (options.sn) return SnInspection{options}.run();
  if (!options.explain && !options.list_rules) {
    auto written = cli::StreamFile::create(options.viewing.write);
    if (!written) {
      cli::report(written.error());
      return ExitStatus::local_failure;
    }
    return Inspection{options, std::move(*written)}.run();
  }
  cli::Output output;
  if (options.explain) {
    const std::string text = options.viewing.json ? explain_json(*options.explain) : explain(*options.explain);
    if (text.empty()) {
      cli::report_usage(fmt::format("'{}' is neither a rule nor a statement that a rule cites; --list-rules shows all",
                                    *options.explain));
      return ExitStatus::usage;
    }
    output.write(text);
  }
  if (options.list_rules) output.write(options.viewing.json ? rule_list_json() : rule_list());
  output.flush();
  return output.status();
}

}  // namespace mqtk::inspect
