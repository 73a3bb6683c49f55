#include "capture/jsonl_reader.hpp"

#include <fmt/format.h>

#include "capture/mcap_format.hpp"
#include "capture/ndjson.hpp"
#include "capture/pcap_reader.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

// The largest payload in escapes of six bytes each would be 1.5 GiB: base64 is what a writer takes then.
constexpr std::size_t longest_line = std::size_t{400} * 1024 * 1024;

class JsonlReader final : public RecordingReader {
 public:
  explicit JsonlReader(std::unique_ptr<ByteStream> stream) : lines_(std::move(stream), longest_line) {}

  State next(MessageRecord& message) override {
    std::string_view line;
    while (!ended_) {
      switch (lines_.next(line)) {
        case LineSource::State::end: return State::end;
        case LineSource::State::too_long: return fail("longer than any message");
        case LineSource::State::failed:
          ended_ = true;
          return damaged(fmt::format("cannot read: {}", lines_.error().message()));
        case LineSource::State::line: break;
      }
      if (const std::string_view other = other_format(line); !other.empty()) {
        ended_ = true;
        return damaged(fmt::format("this is {}; it can be read where it is named as a file, not from -", other));
      }
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) return take(line, message);
    }
    return State::end;
  }

 private:
  // What the first bytes of standard input tell, instead of thousands of lines that are none.
  std::string_view other_format(std::string_view line) const {
    if (lines_.number() == 1 && line.starts_with(as_text(Bytes{mcap::magic}.first(5)))) return "an MCAP file";
    // pcapng begins with 0A 0D 0D 0A: an empty line and one of two carriage returns.
    const bool is_pcapng = lines_.number() == 2 && line == "\r\r";
    const bool is_pcap = lines_.number() == 1 && PcapReader::recognizes(as_bytes(line));
    return is_pcapng || is_pcap ? "a packet capture" : "";
  }

  State fail(std::string_view what) {
    const std::string_view where = lines_.was_cut() ? " (the file ends in it)" : "";
    return damaged(fmt::format("line {}{}: {}", lines_.number(), where, what));
  }

  State take(std::string_view line, MessageRecord& message) {
    auto parsed = parse_message_json(line);
    if (!parsed) return fail(parsed.error());
    stored_ = std::move(*parsed);
    if (!stored_.topic) return fail("\"topic\" is missing");
    if (const Fault fault = TopicName::check(*stored_.topic)) {
      return fail(fmt::format("\"topic\": {}", rule_info(fault.rule).text));
    }
    message = {};
    message.time = stored_.time;
    message.topic = *stored_.topic;
    message.qos = stored_.qos.value_or(QoS::at_most_once);
    message.retain = stored_.retain.value_or(false);
    message.dup = stored_.dup.value_or(false);
    message.packet_identifier = stored_.packet_identifier.value_or(0);
    message.payload = stored_.payload;
    message.properties = stored_.properties.block();
    message.retained_at_subscribe = stored_.retained_at_subscribe;
    message.client = stored_.client;
    return State::message;
  }

  LineSource lines_;
  StoredMessage stored_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<RecordingReader> make_jsonl_reader(std::unique_ptr<ByteStream> stream) {
  return std::make_unique<JsonlReader>(std::move(stream));
}

}  // namespace mqtk
