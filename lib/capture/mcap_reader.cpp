#include "capture/mcap_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "capture/mcap_format.hpp"
#include "codec/codec.hpp"
#include "codec/topic.hpp"

namespace mqtk {

using mcap::Cursor;
using mcap::Opcode;

McapReader::McapReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), loader_(*source_) {}

void McapReader::read_ahead() {
  if (!indexed_) return;
  try {
    ahead_ = std::make_unique<McapReadAhead>(*source_);
  } catch (const std::system_error&) {
    ahead_ = nullptr;  // the system gives no thread: it takes longer
  }
}

std::expected<std::unique_ptr<McapReader>, std::string> McapReader::open(std::unique_ptr<ByteSource> source) {
  std::unique_ptr<McapReader> reader{new McapReader{std::move(source)}};
  auto header = read_mcap_header(*reader->source_);
  if (!header) return std::unexpected(std::move(header.error()));
  reader->header_ = std::move(*header);
  reader->summary_ = read_mcap_summary(*reader->source_, reader->channels_);
  reader->indexed_ = reader->summary_ && !reader->summary_->chunks.empty();
  reader->offset_ = reader->header_.end;
  return reader;
}

mcap::Metadata McapReader::recording_metadata() {
  Cursor head{loader_.window().at(header_.end, mcap::record_head_bytes)};
  const auto opcode = static_cast<Opcode>(head.number<std::uint8_t>());
  const auto length = head.number<std::uint64_t>();
  constexpr std::size_t longest = std::size_t{1024} * 1024;
  if (!head.ok() || opcode != Opcode::metadata || length > longest) return {};
  auto metadata = parse_mcap_metadata(loader_.window().at(header_.end + mcap::record_head_bytes, length));
  if (!metadata || metadata->name != "mqtt") return {};
  std::erase_if(metadata->pairs, [](const auto& pair) { return pair.first == "mapping"; });
  return std::move(metadata->pairs);
}

RecordingReader::State McapReader::fail(std::uint64_t offset, std::string_view what) {
  return damaged(fmt::format("at offset {}: {}", offset, what));
}

RecordingReader::State McapReader::next(MessageRecord& message) {
  for (;;) {
    const auto state = records_.empty() ? next_chunk() : take_record(message);
    if (state) return *state;
  }
}

// --- the records of a chunk ---------------------------------------------------------------------------------------

std::optional<RecordingReader::State> McapReader::take_record(MessageRecord& message) {
  const auto broken = [&] {
    records_ = {};
    return fail(chunk_offset_, "a record in the chunk is longer than the chunk");
  };
  if (records_.size() < mcap::record_head_bytes) return broken();
  const auto opcode = static_cast<Opcode>(records_[0]);
  const auto length = mcap::get<std::uint64_t>(records_.data() + 1);
  if (length > records_.size() - mcap::record_head_bytes) return broken();
  const Bytes content = records_.subspan(mcap::record_head_bytes, static_cast<std::size_t>(length));
  records_ = records_.subspan(mcap::record_head_bytes + content.size());
  if (opcode == Opcode::message) return take_message(content, message);
  if (opcode == Opcode::channel && !indexed_ && !channels_.define(content, header_.profile == mcap::profile)) {
    return fail(chunk_offset_, "a channel record in the chunk is damaged");
  }
  return std::nullopt;
}

std::optional<RecordingReader::State> McapReader::take_message(Bytes content, MessageRecord& message) {
  if (content.size() < mcap::message_head_bytes) return fail(chunk_offset_, "a message in the chunk is cut");
  const auto id = mcap::get<std::uint16_t>(content.data());
  const auto sequence = mcap::get<std::uint32_t>(content.data() + 2);
  const auto time = mcap::get<std::uint64_t>(content.data() + 6);
  const Bytes data = content.subspan(mcap::message_head_bytes);
  McapChannel* channel = channels_.find(id);
  if (channel == nullptr) return fail(chunk_offset_, fmt::format("a message belongs to the unknown channel {}", id));
  if (channel->kind == McapChannel::Kind::attributes) {
    auto attributes = mcap::parse_attributes(as_text(data));
    if (!attributes) return fail(chunk_offset_, "the attributes of a message are damaged");
    pending_ = Pending{sequence, time, std::move(*attributes)};
    return std::nullopt;
  }
  if (!channel->valid_topic) {
    if (std::exchange(channel->reported, true)) return std::nullopt;
    return fail(chunk_offset_, fmt::format("the topic of channel {} is no Topic Name of MQTT", id));
  }
  message = {};
  const auto nanoseconds = static_cast<std::int64_t>(std::min<std::uint64_t>(time, INT64_MAX));
  message.time = WallTime{std::chrono::nanoseconds{nanoseconds}};
  if (const auto state = fill(*channel, data, message)) return state;
  if (pending_ && pending_->sequence == sequence && pending_->time == time) {
    message.dup = pending_->attributes.dup;
    message.retained_at_subscribe = pending_->attributes.retained_at_subscribe;
    client_ = std::move(pending_->attributes.client);
    message.client = client_;
    properties_.clear();
    for (const Property& property : message.properties) properties_.add(property);
    for (const Property& property : pending_->attributes.properties.block()) properties_.add(property);
    message.properties = properties_.block();
  }
  pending_.reset();
  return State::message;
}

std::optional<RecordingReader::State> McapReader::fill(const McapChannel& channel, Bytes data, MessageRecord& message) {
  if (channel.kind == McapChannel::Kind::overflow) {
    const Frame frame = find_frame(data);
    const bool whole = frame.state == Frame::State::complete && frame.packet_size == data.size();
    const bool read = whole && !decode(data, {Version::v5, Role::server}, packet_);
    const auto* publish = read ? std::get_if<Publish>(&packet_) : nullptr;
    if (publish == nullptr || TopicName::check(publish->topic_name)) {
      return fail(chunk_offset_, "a PUBLISH in the overflow channel is damaged");
    }
    message = MessageRecord::from(*publish, message.time);
    message.packet_identifier = 0;
    return std::nullopt;
  }
  message.topic = channel.mapped.topic;
  message.qos = channel.mapped.qos;
  message.retain = channel.mapped.retain;
  message.properties = channel.mapped.properties.block();
  message.payload = data;
  return std::nullopt;
}

// --- from chunk to chunk --------------------------------------------------------------------------------------------

bool McapReader::is_wanted(const McapChunk& chunk) const {
  const auto before = [](std::uint64_t time, WallTime limit) {
    return limit.time_since_epoch().count() > 0 && time < static_cast<std::uint64_t>(limit.time_since_epoch().count());
  };
  if (wanted_.from && before(chunk.last_time, *wanted_.from)) return false;
  return !wanted_.to || before(chunk.first_time, *wanted_.to + Duration{1});
}

std::optional<RecordingReader::State> McapReader::next_chunk() {
  pending_.reset();
  if (ended_) return State::end;
  return indexed_ ? next_indexed() : next_scanned();
}

std::optional<RecordingReader::State> McapReader::next_indexed() {
  while (next_chunk_ < summary_->chunks.size()) {
    const std::size_t index = next_chunk_++;
    if (!is_wanted(summary_->chunks[index])) continue;
    chunk_offset_ = summary_->chunks[index].offset;
    const auto records = load_indexed(index);
    ask_ahead();
    return take_chunk(records);
  }
  ended_ = true;
  return State::end;
}

std::expected<Bytes, std::string> McapReader::load_indexed(std::size_t index) {
  while (auto loaded = ahead_ ? ahead_->take() : std::nullopt) {
    if (loaded->index == index) return std::move(loaded->records);
  }
  const McapChunk& chunk = summary_->chunks[index];
  return loader_.load_record(chunk.offset, chunk.length);
}

void McapReader::ask_ahead() {
  if (ahead_ == nullptr) return;
  for (next_ahead_ = std::max(next_ahead_, next_chunk_); next_ahead_ < summary_->chunks.size(); ++next_ahead_) {
    const McapChunk& chunk = summary_->chunks[next_ahead_];
    if (!is_wanted(chunk)) continue;
    const bool large = std::max(chunk.uncompressed, chunk.length) > McapReadAhead::largest_chunk;
    if (large || !ahead_->has_room()) return;
    ahead_->ask({next_ahead_, chunk.offset, chunk.length});
  }
}

std::optional<RecordingReader::State> McapReader::take_chunk(const std::expected<Bytes, std::string>& records) {
  if (!records) return fail(chunk_offset_, records.error());
  records_ = *records;
  return std::nullopt;
}

std::optional<RecordingReader::State> McapReader::next_scanned() {
  const std::uint64_t at = offset_;
  const std::uint64_t size = source_->size();
  const auto stop = [&](std::string_view what) {
    ended_ = true;
    return fail(at, what);
  };
  if (at >= size) return stop("the recording was not finished: it ends without a summary");
  Cursor head{loader_.window().at(at, mcap::record_head_bytes)};
  const auto opcode = static_cast<Opcode>(head.number<std::uint8_t>());
  const auto length = head.number<std::uint64_t>();
  if (loader_.window().error()) return stop(loader_.window().error().message());
  if (!head.ok() || length > size - at - mcap::record_head_bytes) {
    return stop("the file ends inside a record: the recording was not finished");
  }
  offset_ = at + mcap::record_head_bytes + length;
  chunk_offset_ = at;
  if (opcode == Opcode::chunk) return take_chunk(loader_.load(at + mcap::record_head_bytes, length));
  if (opcode == Opcode::channel || opcode == Opcode::message) {
    if (length > McapChunkLoader::largest_chunk) return fail(at, "a record is larger than any of a recording");
    records_ = loader_.window().at(at, static_cast<std::size_t>(mcap::record_head_bytes + length));
    return std::nullopt;
  }
  if (opcode == Opcode::data_end || opcode == Opcode::footer) {
    ended_ = true;
    // Behind the data there must be a summary, but one that cannot be read has brought us here.
    return summary_ ? State::end : stop("the summary is missing or damaged");
  }
  return std::nullopt;
}

}  // namespace mqtk
