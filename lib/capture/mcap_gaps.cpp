#include "capture/mcap_gaps.hpp"

#include <algorithm>
#include <optional>

#include "capture/mcap_format.hpp"

namespace mqtk {
namespace {

using mcap::Cursor;
using mcap::Opcode;
using Times = std::vector<std::uint64_t>;

// What lies between two chunks is looked at whole; of a file that says more it is not.
constexpr std::uint64_t longest_index = std::uint64_t{64} * 1024 * 1024;

std::uint64_t length_of(const McapChunk& chunk) {
  return chunk.last_time - std::min(chunk.first_time, chunk.last_time);
}

// The times in the Message Index records behind a chunk; nothing where there are none or they are damaged.
std::optional<Times> times_in(ByteSource& source, const McapChunk& chunk) {
  SourceWindow window{source};
  Times times;
  if (chunk.length > source.size() || chunk.offset > source.size() - chunk.length) return std::nullopt;
  for (std::uint64_t at = chunk.offset + chunk.length; times.size() * sizeof(std::uint64_t) < longest_index;) {
    Cursor head{window.at(at, mcap::record_head_bytes)};
    const auto opcode = head.number<std::uint8_t>();
    const auto length = head.number<std::uint64_t>();
    if (!head.ok() || opcode != static_cast<std::uint8_t>(Opcode::message_index)) break;
    if (length > longest_index) return std::nullopt;
    Cursor record{window.at(at + mcap::record_head_bytes, static_cast<std::size_t>(length))};
    (void)record.number<std::uint16_t>();
    Cursor entries{record.take(record.number<std::uint32_t>())};
    while (!entries.empty()) {
      times.push_back(entries.number<std::uint64_t>());
      (void)entries.number<std::uint64_t>();
    }
    if (!record.ok() || !entries.ok()) return std::nullopt;
    at += mcap::record_head_bytes + length;
  }
  if (times.empty()) return std::nullopt;
  std::ranges::sort(times);
  return times;
}

std::uint64_t longest_between(const Times& times) {
  std::uint64_t longest = 0;
  for (std::size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
  return longest;
}

// Between chunks in the order of their times. False: chunks overlap, so that one may fill a gap of another.
bool stand_apart(const std::vector<McapChunk>& chunks, std::uint64_t& longest) {
  bool apart = true;
  std::uint64_t end = chunks.empty() ? 0 : chunks.front().first_time;
  for (const McapChunk& chunk : chunks) {
    if (chunk.first_time > end) longest = std::max(longest, chunk.first_time - end);
    apart = apart && chunk.first_time >= end;
    end = std::max(end, chunk.last_time);
  }
  return apart;
}

}  // namespace

McapGap longest_gap(ByteSource& source, std::vector<McapChunk> chunks, std::size_t most) {
  // A chunk without messages has no times.
  std::erase_if(chunks, [](const McapChunk& chunk) { return chunk.first_time == 0 && chunk.last_time == 0; });
  std::ranges::sort(chunks, {}, &McapChunk::first_time);
  std::uint64_t longest = 0;
  McapGap gap;
  gap.is_exact = stand_apart(chunks, longest);
  if (gap.is_exact) {
    std::ranges::sort(chunks, std::ranges::greater{}, length_of);
    for (const McapChunk& chunk : chunks) {
      if (length_of(chunk) <= longest) break;
      const auto times = most > 0 ? times_in(source, chunk) : std::nullopt;
      gap.is_exact = gap.is_exact && times;
      if (most == 0) break;
      --most;
      if (times) longest = std::max(longest, longest_between(*times));
    }
  }
  gap.length = Duration{static_cast<std::int64_t>(std::min<std::uint64_t>(longest, INT64_MAX))};
  return gap;
}

}  // namespace mqtk
