#include "replay/message_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "capture/json_check.hpp"
#include "capture/json_edit.hpp"
#include "capture/mcap_reader.hpp"
#include "codec/topic.hpp"

namespace mqtk::replay {
namespace {

std::string json_value(const std::string& value, WallTime now) {
  const auto since_1970 = [now](auto unit) {
    return std::to_string(std::chrono::duration_cast<decltype(unit)>(now.time_since_epoch()).count());
  };
  if (value == "now-ms") return since_1970(std::chrono::milliseconds{});
  if (value == "now-s") return since_1970(std::chrono::seconds{});
  if (value != "now" && is_json(value)) return value;
  std::string text;
  append_json_string(text, value == "now" ? rfc3339(now) : value);
  return text;
}

void widen(TimeRange& span, const RecordingReader& reader) {
  const auto* mcap = dynamic_cast<const McapReader*>(&reader);
  const McapSummary* summary = mcap == nullptr ? nullptr : mcap->summary();
  if (summary == nullptr || summary->messages == 0) return;
  const WallTime first{Duration{static_cast<std::int64_t>(summary->first_time)}};
  const WallTime last{Duration{static_cast<std::int64_t>(summary->last_time)}};
  span.from = std::min(span.from.value_or(first), first);
  span.to = std::max(span.to.value_or(last), last);
}

}  // namespace

MessageSource::MessageSource(const Options& options)
    : options_(options), schedule_({.speed = options.speed.value_or(1), .longest_gap = options.longest_gap}) {}

std::string MessageSource::open() {
  std::vector<NamedReader> readers;
  for (const std::string& path : options_.files) {
    auto reader = cli::open_recording(path, options_.input);
    if (!reader) return reader.error();
    widen(span_, **reader);
    // Without a schedule decoding would be part of the time that each message takes.
    if (auto* mcap = dynamic_cast<McapReader*>(reader->get()); mcap != nullptr && !options_.speed) mcap->read_ahead();
    readers.push_back({path, std::move(*reader)});
  }
  reader_ = std::make_unique<MergedReader>(std::move(readers));
  if (range_) reader_->want(*range_);
  any_in_pass_ = false;
  return "";
}

bool MessageSource::begin_next_pass() {
  const bool again = options_.passes == 0 || passes_begun_ < options_.passes;
  if (!again || !any_in_pass_) return false;
  ++passes_begun_;
  schedule_.begin_again(options_.seam);
  problem_ = open();
  return true;
}

MessageSource::State MessageSource::next() {
  for (;;) {
    switch (reader_->next(record_)) {
      case RecordingReader::State::end:
        if (!begin_next_pass()) return State::end;
        if (!problem_.empty()) return State::invalid;
        continue;
      case RecordingReader::State::damaged: problem_ = reader_->problem(); return State::damaged;
      case RecordingReader::State::message: break;
    }
    if (!in_time(record_) || !is_selected(record_)) continue;
    any_in_pass_ = true;
    if (record_.time) recorded_at_ = *record_.time;
    if (options_.speed || options_.dry_run) due_ = schedule_.due(record_.time);
    return take(record_) ? State::message : State::invalid;
  }
}

bool MessageSource::in_time(const MessageRecord& record) {
  if (!options_.from.given() && !options_.to.given()) return true;
  if (!record.time) return true;
  if (!range_) {
    range_ = TimeRange{options_.from.at(*record.time), options_.to.at(*record.time)};
    reader_->want(*range_);
  }
  return range_->contains(*record.time);
}

bool MessageSource::is_selected(const MessageRecord& record) const {
  if (options_.drop_retained && record.retained_at_subscribe) return false;
  return options_.topics.contains(record.topic);
}

bool MessageSource::take(const MessageRecord& record) {
  publish_ = {};
  publish_.topic_name = options_.topic_map.apply(record.topic, topic_);
  const bool is_new = publish_.topic_name.data() != record.topic.data();  // others the reader has checked
  if (const Fault fault = is_new ? TopicName::check(publish_.topic_name) : Fault{}) {
    problem_ = fmt::format("--topic-map makes '{}' of '{}': {}", publish_.topic_name, record.topic,
                           rule_info(fault.rule).text);
    return false;
  }
  publish_.qos = options_.qos.value_or(record.qos);
  publish_.retain = options_.retain == Retain::as_recorded ? record.retain : options_.retain == Retain::set;
  publish_.payload = record.payload;
  if (!record.properties.empty()) take_properties(record.properties);
  return options_.connections == Connections::one || take_client(record);
}

bool MessageSource::take_client(const MessageRecord& record) {
  std::string_view name = record.client;
  for (const Property& property : record.properties) {
    const bool named = property.id == PropertyId::user_property && property.name == options_.client_property;
    if (named && !options_.client_property.empty()) name = property.text;
  }
  client_.clear();
  if (name.empty()) return true;
  client_ = options_.client_prefix;
  client_ += name;
  constexpr std::size_t longest = 65'535;
  if (client_.size() <= longest && is_mqtt_text(as_bytes(client_))) return true;
  problem_ = fmt::format("a message to '{}' names a client that can be no Client Identifier", record.topic);
  return false;
}

// Before 5.0 there are no properties; a client must not send Subscription Identifiers, and Topic Aliases belong to the
// connection that was recorded.
void MessageSource::take_properties(PropertyBlock recorded) {
  properties_.clear();
  if (options_.connection.connect.version != Version::v5) return;
  for (Property property : recorded) {
    if (property.id == PropertyId::subscription_identifier || property.id == PropertyId::topic_alias) continue;
    if (property.id == PropertyId::message_expiry_interval) {
      if (options_.expiry == Expiry::drop) continue;
      if (options_.expiry == Expiry::scale) {
        property.number = static_cast<std::uint32_t>(
            std::clamp(static_cast<double>(property.number) / *options_.speed, 1.0, 4294967295.0));
      }
    }
    properties_.add(property);
  }
  publish_.properties = properties_.block();
}

void MessageSource::change_payload(WallTime now) {
  payload_ = as_text(record_.payload);
  for (const auto& [pointer, value] : options_.json_changes) {
    if (auto changed = set_json(payload_, pointer, json_value(value, now))) {
      payload_ = std::move(*changed);
    } else {
      ++unchanged_json_;
    }
  }
  publish_.payload = as_bytes(payload_);
}

const Publish& MessageSource::message(WallTime now) {
  if (wants_time()) change_payload(now);
  return publish_;
}

std::optional<double> MessageSource::progress() const {
  if (!span_.from || !span_.to || !recorded_at_ || *span_.to <= *span_.from) return std::nullopt;
  const WallTime first = range_ && range_->from ? std::max(*range_->from, *span_.from) : *span_.from;
  const WallTime last = range_ && range_->to ? std::min(*range_->to, *span_.to) : *span_.to;
  if (last <= first) return std::nullopt;
  const auto done = static_cast<double>((*recorded_at_ - first).count());
  return std::clamp(done / static_cast<double>((last - first).count()), 0.0, 1.0);
}

}  // namespace mqtk::replay
