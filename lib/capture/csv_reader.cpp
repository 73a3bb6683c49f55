#include "capture/csv_reader.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

constexpr std::size_t longest_row = std::size_t{400} * 1024 * 1024;
constexpr std::size_t most_fields = 16;
constexpr std::string_view marker = "b64:";

std::optional<WallTime> parse_seconds(std::string_view text) {
  // Seconds and fraction apart: a double has no room for nanoseconds.
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  constexpr std::int64_t latest = 9'000'000'000;
  if (error != std::errc{} || end != whole.data() + whole.size() || seconds < 0 || seconds > latest)
    return std::nullopt;
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  if (dot != std::string_view::npos) {
    for (const char c : text.substr(dot + 1)) {
      if (c < '0' || c > '9') return std::nullopt;
      nanoseconds += (c - '0') * unit;
      unit /= 10;
    }
  }
  return WallTime{std::chrono::seconds{seconds} + Duration{nanoseconds}};
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  return std::nullopt;
}

class CsvReader final : public RecordingReader {
 public:
  CsvReader(std::unique_ptr<ByteStream> stream, CsvPayload payload)
      : lines_(std::move(stream), longest_row), payload_kind_(payload) {}

  State next(MessageRecord& message) override {
    for (;;) {
      if (const auto state = read_row()) return *state;
      if (fields_.size() == 1 && fields_[0].empty()) continue;  // an empty line
      if (layout_ == Layout::open) {
        const bool time_header = fields_.size() >= 5 && fields_[0] == "timestamp" && fields_[1] == "topic";
        const bool topic_header = fields_.size() == 6 && fields_[0] == "topic" && fields_[4] == "time";
        layout_ = time_header || fields_.size() == 5 ? Layout::time_first : Layout::topic_first;
        has_client_ = time_header && fields_.size() == 6 && fields_[5] == "client";
        if (time_header || topic_header) continue;
      }
      return take(message);
    }
  }

 private:
  enum class Layout : std::uint8_t { open, time_first, topic_first };

  State fail(std::string_view what) { return damaged(fmt::format("line {}: {}", first_line_, what)); }

  // One row of RFC 4180: a quoted field may hold line breaks. Nothing if a row was read.
  std::optional<State> read_row() {
    fields_.clear();
    std::string field;
    bool quoted = false;
    bool more = true;
    for (bool first = true; more; first = false) {
      std::string_view line;
      switch (lines_.next(line)) {
        case LineSource::State::end:
          if (first) return State::end;
          return fail("a quoted field has no end");
        case LineSource::State::too_long: return fail("longer than any message");
        case LineSource::State::failed:
          if (std::exchange(failed_, true)) return State::end;
          return damaged(fmt::format("cannot read: {}", lines_.error().message()));
        case LineSource::State::line: break;
      }
      if (first) first_line_ = lines_.number();
      // The byte order mark that spreadsheets write.
      if (lines_.number() == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
      if (!first) field += '\n';
      if (field.size() > longest_row) return fail("longer than any message");
      const bool last_return = line.ends_with('\r');
      quoted = take_line(last_return ? line.substr(0, line.size() - 1) : line, field, quoted);
      if (quoted && last_return) field += '\r';
      if (fields_.size() > most_fields) return fail("too many fields");
      more = quoted;
    }
    fields_.push_back(std::move(field));
    return std::nullopt;
  }

  // Whether a quoted field is still open behind the line.
  bool take_line(std::string_view line, std::string& field, bool quoted) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
        field += '"';
        ++i;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        if (fields_.size() <= most_fields) fields_.push_back(std::move(field));
        field.clear();
      } else {
        field += c;
      }
    }
    return quoted;
  }

  State take(MessageRecord& message) {
    const bool time_first = layout_ == Layout::time_first;
    const std::size_t wanted = time_first && !has_client_ ? 5 : 6;
    if (fields_.size() != wanted) return fail(fmt::format("{} fields instead of {}", fields_.size(), wanted));
    const std::size_t topic = time_first ? 1 : 0;
    message = {};
    message.time = time_first ? parse_rfc3339(fields_[0]) : parse_seconds(fields_[4]);
    if (!message.time) return fail(fmt::format("'{}' is no time", fields_[time_first ? 0 : 4]));
    message.topic = fields_[topic];
    if (const Fault fault = TopicName::check(message.topic)) {
      return fail(fmt::format("topic: {}", rule_info(fault.rule).text));
    }
    const std::string& qos = fields_[topic + 2];
    if (qos.size() != 1 || qos[0] < '0' || qos[0] > '2') return fail("the QoS is none of 0, 1 and 2");
    message.qos = static_cast<QoS>(qos[0] - '0');
    const auto retain = parse_flag(fields_[topic + 3]);
    if (!retain) return fail("the retain flag is neither true nor false");
    message.retain = *retain;
    if (has_client_) message.client = fields_[5];
    return take_payload(fields_[topic + 1], message);
  }

  State take_payload(std::string_view text, MessageRecord& message) {
    const bool marked = layout_ == Layout::time_first && text.starts_with(marker);
    if (!marked && payload_kind_ == CsvPayload::text) {
      message.payload = as_bytes(text);
      return State::message;
    }
    auto bytes = from_base64(marked ? text.substr(marker.size()) : text);
    if (!bytes) return fail("the payload is not base64");
    payload_ = std::move(*bytes);
    message.payload = payload_;
    return State::message;
  }

  LineSource lines_;
  CsvPayload payload_kind_;
  Layout layout_ = Layout::open;
  bool has_client_ = false;
  std::vector<std::string> fields_;
  std::vector<std::uint8_t> payload_;
  std::uint64_t first_line_ = 0;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<RecordingReader> make_csv_reader(std::unique_ptr<ByteStream> stream, CsvPayload payload) {
  return std::make_unique<CsvReader>(std::move(stream), payload);
}

}  // namespace mqtk
