#include "capture/mcap_writer.hpp"

#include <algorithm>

#include "capture/crc32.hpp"
#include "capture/sparkplug_schema.hpp"
#include "codec/codec.hpp"

namespace mqtk {

using mcap::Appender;
using mcap::Opcode;

namespace {

constexpr std::size_t summary_block_bytes = std::size_t{256} * 1024;

std::uint64_t nanoseconds(const MessageRecord& message) {
  const auto count = message.time.value_or(WallTime{}).time_since_epoch().count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

void append_pairs(Appender& to, const mcap::Metadata& pairs) {
  std::size_t size = 0;
  for (const auto& [name, value] : pairs) size += 8 + name.size() + value.size();
  to.number(static_cast<std::uint32_t>(size));
  for (const auto& [name, value] : pairs) to.text(name).text(value);
}

}  // namespace

McapWriter::McapWriter(McapOptions options) : options_(std::move(options)), spool_(options_.spool_folder) {
  if (options_.zstd_level) compressor_.emplace(*options_.zstd_level);
  channels_.resize(mcap::first_topic_channel);
  out_.append(mcap::magic);
  Appender to{out_};
  to.begin_record(Opcode::header).text(mcap::profile).text(options_.library).end_record();
  options_.metadata.insert(options_.metadata.begin(), {"mapping", std::string{mcap::mapping_version}});
  append_metadata("", options_.metadata);
}

void McapWriter::append_metadata(std::string_view name, const mcap::Metadata& pairs) {
  close_chunk();
  begin_output();
  const std::string full = name.empty() ? std::string{"mqtt"} : "mqtt." + std::string{name};
  const std::uint64_t start = size();
  Appender to{out_};
  to.begin_record(Opcode::metadata).text(full);
  append_pairs(to, pairs);
  to.end_record();
  ++metadata_count_;
  Appender index{metadata_indexes_};
  index.begin_record(Opcode::metadata_index).number(start).number(size() - start).text(full).end_record();
}

void McapWriter::define(std::uint16_t id, std::string_view topic, std::string_view encoding,
                        const mcap::Metadata& pairs, Schema schema) {
  const std::size_t start = records_.size();
  Appender to{records_};
  to.begin_record(Opcode::channel).number(id).number(static_cast<std::uint16_t>(schema)).text(topic).text(encoding);
  append_pairs(to, pairs);
  to.end_record();
  channel_records_.append(records_.view().subspan(start));
  channels_[id].defined = true;
}

void McapWriter::define_sparkplug_schema() {
  if (!schema_records_.empty()) return;
  const std::size_t start = records_.size();
  Appender to{records_};
  to.begin_record(Opcode::schema).number(static_cast<std::uint16_t>(Schema::sparkplug));
  to.text(mcap::sparkplug_schema_name).text("protobuf").text(mcap::sparkplug_descriptors()).end_record();
  schema_records_.append(records_.view().subspan(start));
}

std::uint16_t McapWriter::channel_for(const MessageRecord& message) {
  mcap::make_key(message, key_);
  if (const auto found = ids_.find(std::string_view{key_}); found != ids_.end()) return found->second;
  if (ids_.size() >= options_.topic_channels || message.topic.starts_with(mcap::reserved_topics)) {
    if (!channels_[mcap::overflow_channel].defined) {
      define(mcap::overflow_channel, mcap::overflow_topic, "mqtt5", {});
    }
    return mcap::overflow_channel;
  }
  const auto id = static_cast<std::uint16_t>(channels_.size());
  channels_.emplace_back();
  ids_.emplace(key_, id);
  const mcap::Metadata metadata = mcap::channel_metadata(mcap::channel_of(message));
  if (mcap::has_sparkplug_payload(message.topic)) {
    define_sparkplug_schema();
    define(id, message.topic, "protobuf", metadata, Schema::sparkplug);
  } else {
    define(id, message.topic, mcap::message_encoding(message), metadata);
  }
  return id;
}

std::uint8_t* McapWriter::add_message(std::uint16_t id, std::uint64_t time, std::size_t data_bytes) {
  const std::size_t offset = records_.size();
  std::uint8_t* at = records_.append(mcap::record_head_bytes + mcap::message_head_bytes + data_bytes);
  at[0] = static_cast<std::uint8_t>(Opcode::message);
  mcap::put(at + 1, static_cast<std::uint64_t>(mcap::message_head_bytes + data_bytes));
  mcap::put(at + 9, id);
  mcap::put(at + 11, sequence_);
  mcap::put(at + 15, time);
  mcap::put(at + 23, time);

  const auto entry = static_cast<std::uint32_t>(entries_.size());
  Channel& channel = channels_[id];
  if (channel.in_chunk == 0) {
    touched_.push_back(id);
    channel.first = entry;
  } else {
    entries_[channel.last].next = entry;
  }
  channel.last = entry;
  ++channel.in_chunk;
  if (entries_.empty()) chunk_first_time_ = chunk_last_time_ = time;
  chunk_first_time_ = std::min(chunk_first_time_, time);
  chunk_last_time_ = std::max(chunk_last_time_, time);
  entries_.push_back({time, offset, none});
  return at + mcap::record_head_bytes + mcap::message_head_bytes;
}

void McapWriter::append(const MessageRecord& message) {
  const std::uint64_t time = nanoseconds(message);
  const std::uint16_t id = channel_for(message);
  if (mcap::has_attributes(message)) {
    if (!channels_[mcap::attributes_channel].defined) {
      define(mcap::attributes_channel, mcap::attributes_topic, "json", {});
    }
    attributes_.clear();
    mcap::append_attributes(attributes_, message);
    std::ranges::copy(attributes_, add_message(mcap::attributes_channel, time, attributes_.size()));
  }
  if (id == mcap::overflow_channel) {
    append_overflow(message, time);
  } else {
    std::uint8_t* data = add_message(id, time, message.payload.size());
    if (!message.payload.empty()) std::memcpy(data, message.payload.data(), message.payload.size());
  }
  ++sequence_;
  if (records_.size() >= options_.chunk_bytes) close_chunk();
}

// Topic, QoS, RETAIN and payload; the attributes hold the rest, but for the properties that a channel would hold.
void McapWriter::append_overflow(const MessageRecord& message, std::uint64_t time) {
  const mcap::TopicChannel channel = mcap::channel_of(message);
  Publish publish;
  publish.qos = message.qos;
  publish.retain = message.retain;
  if (message.qos != QoS::at_most_once) publish.packet_identifier = 1;  // one has to be there
  publish.topic_name = message.topic;
  publish.properties = channel.properties.block();
  publish.payload = message.payload;
  const CodecContext context{Version::v5, Role::server};
  const auto size = encoded_size(publish, context);
  if (!size) return;  // a payload as large as no packet can hold
  write(publish, context, add_message(mcap::overflow_channel, time, *size));
}

void McapWriter::begin_output() {
  if (out_.size() > 0) return;
  before_ = {spool_.size(), chunks_, metadata_count_, metadata_indexes_.size(), messages_, first_time_, last_time_, {}};
}

void McapWriter::close_chunk() {
  if (records_.empty()) return;
  begin_output();
  const std::uint64_t chunk_start = size();
  append_chunk_record(chunk_first_time_, chunk_last_time_);
  const std::uint64_t chunk_length = size() - chunk_start;
  const std::uint64_t compressed = chunk_length - (mcap::record_head_bytes + 40 + (compressor_ ? 4 : 0));
  const std::uint64_t index_start = size();
  append_indexes();

  GrowingBytes index;
  Appender to{index};
  to.begin_record(Opcode::chunk_index).number(chunk_first_time_).number(chunk_last_time_).number(chunk_start);
  to.number(chunk_length).number(static_cast<std::uint32_t>(index_offsets_.size()));
  index.append(index_offsets_.view());
  to.number(size() - index_start).text(compressor_ ? "zstd" : "").number(compressed);
  to.number(static_cast<std::uint64_t>(records_.size())).end_record();
  spool_.append(index.view());

  if (!entries_.empty()) {
    first_time_ = messages_ == 0 ? chunk_first_time_ : std::min(first_time_, chunk_first_time_);
    last_time_ = std::max(last_time_, chunk_last_time_);
  }
  messages_ += entries_.size();
  ++chunks_;
  entries_.clear();
  touched_.clear();
  records_.clear();
}

void McapWriter::append_chunk_record(std::uint64_t first_time, std::uint64_t last_time) {
  Appender to{out_};
  to.begin_record(Opcode::chunk).number(first_time).number(last_time);
  to.number(static_cast<std::uint64_t>(records_.size())).number(crc32(records_.view()));
  to.text(compressor_ ? "zstd" : "");
  const std::size_t length_at = out_.size();
  to.number(std::uint64_t{0});
  if (compressor_) {
    compressor_->compress(records_.view(), out_);
  } else {
    out_.append(records_.view());
  }
  mcap::put(out_.data() + length_at, static_cast<std::uint64_t>(out_.size() - length_at - sizeof(std::uint64_t)));
  to.end_record();
}

void McapWriter::append_indexes() {
  index_offsets_.clear();
  Appender offsets{index_offsets_};
  for (const std::uint16_t id : touched_) {
    offsets.number(id).number(size());
    Channel& channel = channels_[id];
    constexpr std::uint32_t entry_bytes = 16;
    Appender to{out_};
    to.begin_record(Opcode::message_index).number(id).number(channel.in_chunk * entry_bytes);
    std::uint8_t* at = out_.append(std::size_t{channel.in_chunk} * entry_bytes);
    for (std::uint32_t i = channel.first; i != none; i = entries_[i].next, at += entry_bytes) {
      mcap::put(at, entries_[i].time);
      mcap::put(at + 8, entries_[i].offset);
    }
    to.end_record();
    before_.counts.emplace_back(id, channel.in_chunk);
    if (id != mcap::attributes_channel) in_output_ += channel.in_chunk;
    channel.messages += channel.in_chunk;
    channel.in_chunk = 0;
    channel.first = channel.last = none;
  }
}

std::uint64_t McapWriter::revoke_output() {
  if (out_.size() > 0) {
    for (const auto& [id, count] : before_.counts) channels_[id].messages -= count;
    spool_.shrink(before_.spooled);
    chunks_ = before_.chunks;
    metadata_count_ = before_.metadata_count;
    metadata_indexes_.shrink(before_.metadata_bytes);
    messages_ = before_.messages;
    first_time_ = before_.first_time;
    last_time_ = before_.last_time;
  }
  return RecordingWriter::revoke_output();
}

bool McapWriter::finish() {
  const std::size_t start = out_.size();
  if (stage_ == Stage::open) {
    close_chunk();
    Appender{out_}.begin_record(Opcode::data_end).number(std::uint32_t{0}).end_record();
    const std::size_t summary = out_.size();
    begin_summary();
    summary_crc_ = crc32(out_.view().subspan(summary));
    stage_ = Stage::chunk_indexes;
    return false;
  }
  if (stage_ == Stage::chunk_indexes && spooled_ < spool_.size()) {
    const std::size_t room = std::min<std::uint64_t>(summary_block_bytes, spool_.size() - spooled_);
    const std::size_t count = spool_.read(spooled_, {out_.append(room), room});
    out_.shrink(start + count);
    spooled_ = count == 0 ? spool_.size() : spooled_ + count;  // the rest is lost: error() tells
    summary_crc_ = crc32(out_.view().subspan(start), summary_crc_);
    return false;
  }
  if (stage_ == Stage::chunk_indexes) end_summary();
  stage_ = Stage::done;
  return true;
}

void McapWriter::begin_summary() {
  summary_start_ = size();
  out_.append(schema_records_.view());
  channels_start_ = size();
  out_.append(channel_records_.view());
  statistics_start_ = size();
  append_statistics();
  chunk_indexes_start_ = size();
}

void McapWriter::append_statistics() {
  Appender to{out_};
  const auto used = [](const Channel& channel) { return channel.messages > 0; };
  const auto counted = static_cast<std::uint32_t>(std::ranges::count_if(channels_, used));
  const auto defined = static_cast<std::uint32_t>(std::ranges::count_if(channels_, &Channel::defined));
  const auto schemas = static_cast<std::uint16_t>(schema_records_.empty() ? 0 : 1);
  to.begin_record(Opcode::statistics).number(messages_).number(schemas).number(defined);
  to.number(std::uint32_t{0}).number(metadata_count_).number(chunks_).number(first_time_).number(last_time_);
  to.number(counted * 10);
  for (std::size_t id = 0; id < channels_.size(); ++id) {
    if (used(channels_[id])) to.number(static_cast<std::uint16_t>(id)).number(channels_[id].messages);
  }
  to.end_record();
}

void McapWriter::append_summary_offset(Opcode opcode, std::uint64_t start, std::uint64_t end) {
  if (start == end) return;
  Appender to{out_};
  to.begin_record(Opcode::summary_offset).number(static_cast<std::uint8_t>(opcode)).number(start).number(end - start);
  to.end_record();
}

void McapWriter::end_summary() {
  const std::size_t start = out_.size();
  const std::uint64_t metadata_start = size();
  out_.append(metadata_indexes_.view());
  const std::uint64_t offsets_start = size();
  append_summary_offset(Opcode::schema, summary_start_, channels_start_);
  append_summary_offset(Opcode::channel, channels_start_, statistics_start_);
  append_summary_offset(Opcode::statistics, statistics_start_, chunk_indexes_start_);
  append_summary_offset(Opcode::chunk_index, chunk_indexes_start_, metadata_start);
  append_summary_offset(Opcode::metadata_index, metadata_start, offsets_start);
  Appender to{out_};
  to.number(static_cast<std::uint8_t>(Opcode::footer)).number(std::uint64_t{mcap::footer_bytes});
  to.number(summary_start_).number(offsets_start);
  to.number(crc32(out_.view().subspan(start), summary_crc_));
  out_.append(mcap::magic);
}

}  // namespace mqtk
