#include "capture/mcap_summary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/crc32.hpp"
#include "capture/mcap_format.hpp"
#include "codec/topic.hpp"

namespace mqtk {

using mcap::Cursor;
using mcap::Opcode;

namespace {

constexpr std::size_t longest_text = 65'535;
constexpr std::size_t longest_metadata_record = std::size_t{1024} * 1024;
constexpr std::size_t most_metadata_records = 1'000;
constexpr std::size_t crc_block_bytes = std::size_t{256} * 1024;
// A file can hold this many chunks of one byte each, but ours would not.
constexpr std::size_t most_chunks = 4'000'000;

struct Footer {
  std::uint64_t offset = 0;
  std::uint64_t summary_start = 0;
};

bool summary_is_whole(ByteSource& source, const Footer& footer, std::uint32_t expected) {
  if (expected == 0) return true;  // the writer did not compute one
  const std::uint64_t end = footer.offset + mcap::record_head_bytes + 16;
  std::vector<std::uint8_t> block(crc_block_bytes);
  std::uint32_t crc = 0;
  for (std::uint64_t at = footer.summary_start; at < end;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), end - at));
    const auto count = source.read(at, MutableBytes{block}.first(wanted));
    if (!count || *count == 0) return false;
    crc = crc32(Bytes{block}.first(*count), crc);
    at += *count;
  }
  return crc == expected;
}

std::optional<Footer> find_footer(ByteSource& source) {
  constexpr std::size_t tail_bytes = mcap::record_head_bytes + mcap::footer_bytes + mcap::magic.size();
  if (source.size() < 2 * mcap::magic.size() + tail_bytes) return std::nullopt;
  std::array<std::uint8_t, tail_bytes> tail{};
  Footer footer{.offset = source.size() - tail_bytes};
  const auto count = source.read(footer.offset, tail);
  if (!count || *count != tail.size() || !std::equal(mcap::magic.begin(), mcap::magic.end(), tail.end() - 8)) {
    return std::nullopt;
  }
  Cursor from{tail};
  if (from.number<std::uint8_t>() != static_cast<std::uint8_t>(Opcode::footer) ||
      from.number<std::uint64_t>() != mcap::footer_bytes) {
    return std::nullopt;
  }
  footer.summary_start = from.number<std::uint64_t>();
  (void)from.number<std::uint64_t>();
  if (footer.summary_start == 0 || footer.summary_start > footer.offset) return std::nullopt;
  if (!summary_is_whole(source, footer, from.number<std::uint32_t>())) return std::nullopt;
  return footer;
}

void take_statistics(Cursor from, McapSummary& summary) {
  summary.messages = from.number<std::uint64_t>();
  (void)from.take(2 + 4 + 4 + 4 + 4);
  summary.first_time = from.number<std::uint64_t>();
  summary.last_time = from.number<std::uint64_t>();
  Cursor counts{from.take(from.number<std::uint32_t>())};
  while (!counts.empty()) {
    const auto id = counts.number<std::uint16_t>();
    summary.channel_messages[id] = counts.number<std::uint64_t>();
  }
}

// The map of message indexes is not looked at: with many topics it is nearly all of the summary.
std::optional<McapChunk> chunk_of(SourceWindow& window, std::uint64_t at, std::uint64_t length) {
  Cursor from{window.at(at, 36)};
  McapChunk chunk;
  chunk.first_time = from.number<std::uint64_t>();
  chunk.last_time = from.number<std::uint64_t>();
  chunk.offset = from.number<std::uint64_t>();
  chunk.length = from.number<std::uint64_t>();
  const auto offsets = from.number<std::uint32_t>();
  if (!from.ok() || 36 + std::uint64_t{offsets} > length) return std::nullopt;
  Cursor rest{window.at(at + 36 + offsets, 64)};
  (void)rest.number<std::uint64_t>();
  (void)rest.text();
  chunk.compressed = rest.number<std::uint64_t>();
  chunk.uncompressed = rest.number<std::uint64_t>();
  if (!rest.ok()) return std::nullopt;
  return chunk;
}

std::optional<McapMetadata> read_metadata(ByteSource& source, Cursor index) {
  const auto offset = index.number<std::uint64_t>();
  const auto length = index.number<std::uint64_t>();
  if (!index.ok() || length < mcap::record_head_bytes || length > longest_metadata_record) return std::nullopt;
  SourceWindow window{source};
  const Bytes record = window.at(offset, static_cast<std::size_t>(length));
  if (record.size() != length || record[0] != static_cast<std::uint8_t>(Opcode::metadata)) return std::nullopt;
  return parse_mcap_metadata(record.subspan(mcap::record_head_bytes));
}

}  // namespace

std::optional<McapMetadata> parse_mcap_metadata(Bytes record) {
  Cursor from{record};
  McapMetadata metadata{.name = std::string{from.text()}, .pairs = {}};
  Cursor pairs{from.take(from.number<std::uint32_t>())};
  while (!pairs.empty()) {
    std::string name{pairs.text()};
    metadata.pairs.emplace_back(std::move(name), pairs.text());
  }
  if (!from.ok() || !pairs.ok()) return std::nullopt;
  return metadata;
}

bool McapChannels::define(Bytes record, bool ours) {
  Cursor from{record};
  const auto id = from.number<std::uint16_t>();
  (void)from.number<std::uint16_t>();
  const std::string_view topic = from.text();
  (void)from.text();
  Cursor pairs{from.take(from.number<std::uint32_t>())};
  if (!from.ok()) return false;
  auto channel = std::make_unique<McapChannel>();
  channel->mapped.topic = topic.substr(0, longest_text + 1);
  channel->valid_topic = !TopicName::check(channel->mapped.topic);
  std::size_t texts = channel->mapped.topic.size() + sizeof(McapChannel);
  while (ours && !pairs.empty()) {
    const std::string_view name = pairs.text();
    const std::string_view value = pairs.text();
    if (!pairs.ok()) return false;
    if (value.size() > longest_text) continue;
    const std::size_t before = channel->mapped.properties.block().bytes().size();
    // Each property once, however often the file says it.
    if (before + texts < 4 * longest_text) mcap::take_metadata(channel->mapped, name, value);
    texts += channel->mapped.properties.block().bytes().size() - before;
  }
  if (texts_ + texts > longest_texts) return false;
  texts_ += texts;
  if (ours && topic == mcap::attributes_topic) channel->kind = McapChannel::Kind::attributes;
  if (ours && topic == mcap::overflow_topic) channel->kind = McapChannel::Kind::overflow;
  if (by_id_.size() <= id) by_id_.resize(std::size_t{id} + 1);
  by_id_[id] = std::move(channel);
  return true;
}

std::expected<McapHeader, std::string> read_mcap_header(ByteSource& source) {
  SourceWindow window{source};
  const Bytes head = window.at(0, std::size_t{64} * 1024);
  if (window.error()) return std::unexpected(window.error().message());
  if (head.size() < mcap::magic.size() || !std::equal(mcap::magic.begin(), mcap::magic.end(), head.begin())) {
    return std::unexpected("not an MCAP file: it does not begin with the magic bytes");
  }
  Cursor from{head.subspan(mcap::magic.size())};
  const auto opcode = from.number<std::uint8_t>();
  const auto length = from.number<std::uint64_t>();
  Cursor content{from.take(length)};
  McapHeader header;
  header.profile = content.text();
  header.library = content.text();
  if (opcode != static_cast<std::uint8_t>(Opcode::header) || !from.ok() || !content.ok()) {
    return std::unexpected("the header of the MCAP file is damaged");
  }
  header.end = mcap::magic.size() + mcap::record_head_bytes + length;
  return header;
}

std::optional<McapSummary> read_mcap_summary(ByteSource& source, McapChannels& channels) {
  const auto header = read_mcap_header(source);
  const auto footer = find_footer(source);
  if (!header || !footer) return std::nullopt;
  McapSummary summary{.profile = header->profile, .library = header->library};
  SourceWindow window{source};
  for (std::uint64_t at = footer->summary_start; at < footer->offset;) {
    Cursor head{window.at(at, mcap::record_head_bytes)};
    const auto opcode = static_cast<Opcode>(head.number<std::uint8_t>());
    const auto length = head.number<std::uint64_t>();
    at += mcap::record_head_bytes;
    if (!head.ok() || length > footer->offset - at) return std::nullopt;
    const auto content = [&] { return window.at(at, static_cast<std::size_t>(length)); };
    if (opcode == Opcode::channel && !channels.define(content(), header->profile == mcap::profile)) return std::nullopt;
    if (opcode == Opcode::statistics) take_statistics(Cursor{content()}, summary);
    if (opcode == Opcode::chunk_index) {
      const auto chunk = chunk_of(window, at, length);
      if (!chunk || summary.chunks.size() == most_chunks) return std::nullopt;
      summary.chunks.push_back(*chunk);
    }
    if (opcode == Opcode::metadata_index && summary.metadata.size() < most_metadata_records) {
      if (auto metadata = read_metadata(source, Cursor{content()})) summary.metadata.push_back(std::move(*metadata));
    }
    at += length;
  }
  return summary;
}

}  // namespace mqtk
