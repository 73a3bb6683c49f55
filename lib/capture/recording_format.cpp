#include "capture/recording_format.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "capture/ndjson.hpp"
#include "capture/pcapng_writer.hpp"
#include "capture/rebuilt_publish.hpp"
#include "codec/codec.hpp"

namespace mqtk {
namespace {

struct Named {
  std::string_view ending;
  RecordingFormat format;
};
constexpr std::array<Named, 6> endings{{{"mcap", RecordingFormat::mcap},
                                        {"jsonl", RecordingFormat::jsonl},
                                        {"pcapng", RecordingFormat::pcapng},
                                        {"csv", RecordingFormat::csv},
                                        {"ndjson", RecordingFormat::jsonl},
                                        {"json", RecordingFormat::jsonl}}};

class JsonlWriter final : public RecordingWriter {
 public:
  void append(const MessageRecord& message) override {
    line_.clear();
    append_message_json(line_, message);
    out_.append(as_bytes(line_));
    ++in_output_;
  }

 private:
  std::string line_;
};

// The layout of the recorder that has a header: timestamp,topic,payload,qos,retain, with `b64:` before a payload that
// is no text.
class CsvWriter final : public RecordingWriter {
 public:
  CsvWriter() { out_.append(as_bytes("timestamp,topic,payload,qos,retain\n")); }

  void append(const MessageRecord& message) override {
    line_ = rfc3339(message.time.value_or(WallTime{}));
    line_ += ',';
    append_field(message.topic);
    line_ += ',';
    const std::string_view payload = as_text(message.payload);
    // A bare carriage return would not survive readers that know line ends of three kinds.
    const bool text =
        is_mqtt_text(message.payload) && !payload.starts_with("b64:") && payload.find('\r') == std::string_view::npos;
    append_field(text ? std::string{payload} : "b64:" + to_base64(message.payload));
    line_ += ',';
    line_ += static_cast<char>('0' + static_cast<int>(message.qos));
    line_ += message.retain ? ",true\n" : ",false\n";
    out_.append(as_bytes(line_));
    ++in_output_;
  }

 private:
  void append_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
      line_ += text;
      return;
    }
    line_ += '"';
    for (const char c : text) {
      if (c == '"') line_ += '"';
      line_ += c;
    }
    line_ += '"';
  }

  std::string line_;
};

// What a subscriber of 5.0 would have received on one connection.
class PcapngRecording final : public RecordingWriter {
 public:
  explicit PcapngRecording(std::string_view application) : pcapng_(application) { take(); }

  void append(const MessageRecord& message) override {
    const WallTime time = message.time.value_or(WallTime{});
    if (!std::exchange(connected_, true)) {
      Connect connect;
      connect.client_identifier = "mqtk-record";
      append_packet(connect, Role::client, time);
      append_packet(Connack{}, Role::server, time);
    }
    append_packet(rebuilt_.fields(message), Role::server, time);
    last_time_ = time;
    ++in_output_;
  }

  bool finish() override {
    if (connected_) pcapng_.close(1, Role::client, last_time_);
    take();
    return true;
  }

 private:
  template <class P>
  void append_packet(const P& packet, Role sender, WallTime time) {
    SendQueue queue;
    if (!encode(packet, {Version::v5, sender}, queue)) return;  // larger than any packet
    bytes_.clear();
    std::array<Bytes, 16> parts;
    const std::size_t count = queue.gather(parts);
    for (std::size_t i = 0; i < count; ++i) bytes_.insert(bytes_.end(), parts[i].begin(), parts[i].end());
    pcapng_.append(1, sender, bytes_, time);
    take();
  }

  void take() {
    out_.append(pcapng_.output());
    pcapng_.output().clear();
  }

  PcapngWriter pcapng_;
  std::vector<std::uint8_t> bytes_;
  bool connected_ = false;
  RebuiltPublish rebuilt_;
  WallTime last_time_{};
};

}  // namespace

std::string_view format_name(RecordingFormat format) {
  const auto* found = std::ranges::find(endings, format, &Named::format);
  return found->ending;
}

std::optional<RecordingFormat> find_format(std::string_view name) {
  const auto* found = std::ranges::find(endings, name, &Named::ending);
  if (found == endings.end()) return std::nullopt;
  return found->format;
}

std::optional<RecordingFormat> format_of_file(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::nullopt : find_format(path.substr(dot + 1));
}

std::unique_ptr<RecordingWriter> make_recording_writer(RecordingFormat format, McapOptions options) {
  switch (format) {
    case RecordingFormat::mcap: return std::make_unique<McapWriter>(std::move(options));
    case RecordingFormat::jsonl: return std::make_unique<JsonlWriter>();
    case RecordingFormat::pcapng: return std::make_unique<PcapngRecording>(options.library);
    case RecordingFormat::csv: break;
  }
  return std::make_unique<CsvWriter>();
}

}  // namespace mqtk
