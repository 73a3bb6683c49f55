#include "cli/record_source.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "capture/ndjson.hpp"
#include "cli/record_reader.hpp"

namespace mqtk::cli {
namespace {

// Records of standard input, each of which is a message or an error that ends the input.
class RecordSource : public MessageSource {
 public:
  explicit RecordSource(const MessageInput& input);

  [[nodiscard]] State next() final;
  void take() final;
  [[nodiscard]] int descriptor() const final { return reader_.descriptor(); }
  [[nodiscard]] std::string position() const final;
  [[nodiscard]] std::string error() const final;
  [[nodiscard]] ExitStatus error_status() const final {
    return reader_.error() ? ExitStatus::local_failure : ExitStatus::malformed_input;
  }

 protected:
  enum class Verdict : std::uint8_t { is_message, is_none, is_wrong };
  [[nodiscard]] std::string_view record() const { return reader_.record(); }

 private:
  // Makes a message of record(), once for each. `why` is for the user.
  [[nodiscard]] virtual Verdict read(std::string& why) = 0;
  [[nodiscard]] State read_record();

  RecordReader reader_;
  bool read_ = false;  // the record at hand was made a message
  std::string wrong_;
};

RecordSource::RecordSource(const MessageInput& input)
    : reader_(STDIN_FILENO, input.delimiter, max_packet_size * 2ULL) {}

MessageSource::State RecordSource::next() {
  for (;;) {
    if (!wrong_.empty()) return State::failed;
    switch (reader_.next()) {
      case RecordReader::State::record:
        if (const State state = read_record(); state != State::need_input) return state;
        break;
      case RecordReader::State::end: return State::end;
      case RecordReader::State::too_long:
      case RecordReader::State::failed: return State::failed;
      case RecordReader::State::need_data:
        if (!can_read(reader_.descriptor())) return State::need_input;
        reader_.fill();
    }
  }
}

// need_input: the record holds no message.
MessageSource::State RecordSource::read_record() {
  if (read_) return State::message;
  std::string why;
  switch (read(why)) {
    case Verdict::is_message: read_ = true; return State::message;
    case Verdict::is_none: reader_.take(); return State::need_input;
    case Verdict::is_wrong: break;
  }
  wrong_ = position() + why;
  return State::failed;
}

void RecordSource::take() {
  reader_.take();
  read_ = false;
}

std::string RecordSource::position() const { return fmt::format("line {}: ", reader_.taken() + 1); }

std::string RecordSource::error() const {
  if (!wrong_.empty()) return wrong_;
  if (reader_.error()) return fmt::format("cannot read standard input: {}", reader_.error().message());
  return fmt::format("{}longer than the {} bytes of the largest MQTT packet", position(), max_packet_size);
}

class LineSource final : public RecordSource {
 public:
  explicit LineSource(const MessageInput& input) : RecordSource(input), input_(input) {}

  void fill(Publish& message) override {
    if (input_.has_topics()) message.topic_name = topic_;
    message.payload = input_.encoding == PayloadEncoding::none ? as_bytes(payload_) : Bytes{decoded_};
  }

 private:
  Verdict read(std::string& why) override {
    payload_ = record();
    if (input_.lines_are_topics) {
      topic_ = std::exchange(payload_, {});
    } else if (input_.topic_from_line) {
      const std::string_view separator = input_.separator ? std::string_view{*input_.separator} : " ";
      const std::size_t end = payload_.find(separator);
      topic_ = payload_.substr(0, end);
      payload_ = end == std::string_view::npos ? std::string_view{} : payload_.substr(end + separator.size());
    }
    if (input_.encoding == PayloadEncoding::none) return Verdict::is_message;
    auto bytes = decode_payload(payload_, input_.encoding);
    if (!bytes) {
      why = "the payload is " + bytes.error();
      return Verdict::is_wrong;
    }
    decoded_ = std::move(*bytes);
    return Verdict::is_message;
  }

  MessageInput input_;
  std::string_view topic_;
  std::string_view payload_;
  PayloadBytes decoded_;
};

class JsonLineSource final : public RecordSource {
 public:
  explicit JsonLineSource(const MessageInput& input) : RecordSource(input) {}

  void fill(Publish& message) override {
    if (line_.topic) message.topic_name = *line_.topic;
    if (line_.qos) message.qos = *line_.qos;
    if (line_.retain) message.retain = *line_.retain;
    message.payload = line_.payload;
    if (line_.properties.empty()) return;
    const PropertyBlock own = line_.properties.block();
    merged_.clear();
    for (const Property& property : message.properties) {
      if (!own.find(property.id)) merged_.add(property);
    }
    for (const Property& property : own) {
      // These two belong to the connection that the message came over.
      const bool of_hop = property.id == PropertyId::topic_alias || property.id == PropertyId::subscription_identifier;
      if (!of_hop) merged_.add(property);
    }
    message.properties = merged_.block();
  }

 private:
  Verdict read(std::string& why) override {
    if (record().find_first_not_of(" \t\r\n") == std::string_view::npos) return Verdict::is_none;
    auto line = parse_message_json(record());
    if (!line) {
      why = line.error();
      return Verdict::is_wrong;
    }
    line_ = std::move(*line);
    return Verdict::is_message;
  }

  StoredMessage line_;
  PropertyWriter merged_;
};

}  // namespace

std::unique_ptr<MessageSource> line_source(const MessageInput& input) { return std::make_unique<LineSource>(input); }

std::unique_ptr<MessageSource> json_line_source(const MessageInput& input) {
  return std::make_unique<JsonLineSource>(input);
}

}  // namespace mqtk::cli
