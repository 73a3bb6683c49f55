#include "capture/pcap_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_order.hpp"

namespace mqtk {
namespace {

constexpr std::uint32_t section_header = 0x0A0D0D0A;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t old_packet = 2;
constexpr std::uint32_t simple_packet = 3;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t decryption_secrets = 10;
constexpr std::uint32_t tls_key_log = 0x544C534B;

constexpr std::uint32_t byte_order_magic = 0x1A2B3C4D;
constexpr std::uint32_t pcap_microseconds = 0xA1B2C3D4;
constexpr std::uint32_t pcap_nanoseconds = 0xA1B23C4D;

constexpr std::size_t pcap_header_bytes = 24;
constexpr std::size_t pcap_frame_header_bytes = 16;
constexpr std::size_t max_interfaces = 1024;

// Times beyond the year 2262 do not fit in nanoseconds; a frame that claims one has none.
std::optional<WallTime> wall_time(std::int64_t seconds, std::uint64_t nanoseconds) {
  constexpr std::int64_t limit = 9'200'000'000;
  if (seconds < -limit || seconds > limit) return std::nullopt;
  return WallTime{std::chrono::seconds{seconds} + Duration{static_cast<std::int64_t>(nanoseconds)}};
}

std::optional<WallTime> wall_time(std::uint64_t ticks, std::uint64_t per_second, std::int64_t offset) {
  const std::uint64_t seconds = ticks / per_second;
  if (seconds > 9'200'000'000) return std::nullopt;
  const std::uint64_t rest = ticks % per_second;
  const auto nanoseconds =
      per_second <= 1'000'000'000
          ? rest * 1'000'000'000 / per_second
          : static_cast<std::uint64_t>(static_cast<long double>(rest) * 1e9L / static_cast<long double>(per_second));
  return wall_time(static_cast<std::int64_t>(seconds) + offset, nanoseconds);
}

// The value of if_tsresol: a power of ten, or of two where the top bit is set.
std::uint64_t ticks_per_second(std::uint8_t resolution) {
  const unsigned exponent = resolution & 0x7FU;
  if ((resolution & 0x80U) != 0) return exponent < 63 ? std::uint64_t{1} << exponent : std::uint64_t{1} << 62U;
  std::uint64_t ticks = 1;
  for (unsigned i = 0; i < std::min(exponent, 18U); ++i) ticks *= 10;
  return ticks;
}

}  // namespace

bool PcapReader::recognizes(Bytes head) {
  if (head.size() < 4) return false;
  const auto big = load_big_endian<std::uint32_t>(head.data());
  const auto little = load_little_endian<std::uint32_t>(head.data());
  return big == section_header || big == pcap_microseconds || little == pcap_microseconds || big == pcap_nanoseconds ||
         little == pcap_nanoseconds;
}

std::vector<std::uint8_t>& PcapReader::feed_buffer() {
  if (at_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    base_ += at_;
    at_ = 0;
  }
  return buffer_;
}

std::uint16_t PcapReader::u16(std::size_t at) const {
  const std::uint8_t* from = buffer_.data() + at_ + at;
  return big_endian_ ? load_big_endian<std::uint16_t>(from) : load_little_endian<std::uint16_t>(from);
}

std::uint32_t PcapReader::u32(std::size_t at) const {
  const std::uint8_t* from = buffer_.data() + at_ + at;
  return big_endian_ ? load_big_endian<std::uint32_t>(from) : load_little_endian<std::uint32_t>(from);
}

bool PcapReader::have(std::size_t count) {
  if (ahead().size() >= count) return true;
  if (finished_ && !ahead().empty()) {
    fail(fmt::format("the file ends inside a block: {} of {} bytes are there", ahead().size(), count));
  }
  return false;
}

void PcapReader::fail(std::string_view what) {
  if (!fault_) fault_ = fmt::format("byte {}: {}", base_ + at_, what);
}

std::optional<CapturedFrame> PcapReader::next() {
  if (fault_) return std::nullopt;
  if (format_ == Format::unknown) read_file_header();
  switch (format_) {
    case Format::unknown: break;
    case Format::pcap: return next_pcap();
    case Format::pcapng: return next_pcapng();
  }
  return std::nullopt;
}

void PcapReader::read_file_header() {
  if (!have(4)) return;
  if (!recognizes(ahead())) {
    fail("this is neither pcap nor pcapng");
    return;
  }
  if (load_big_endian<std::uint32_t>(ahead().data()) == section_header) {
    format_ = Format::pcapng;
    return;
  }
  if (!have(pcap_header_bytes)) return;
  big_endian_ = ahead()[0] == 0xA1;
  nanoseconds_ = u32(0) == pcap_nanoseconds;
  link_type_ = u32(20) & 0x0FFFFFFFU;  // the top bits tell of a frame check sequence
  take(pcap_header_bytes);
  format_ = Format::pcap;
}

// The frame is made where it is returned: copying one that has just been made takes longer than making it.
std::optional<CapturedFrame> PcapReader::next_pcap() {
  std::optional<CapturedFrame> frame;
  const std::uint32_t length = have(pcap_frame_header_bytes) ? u32(8) : 0;
  if (length > max_block_bytes) {
    fail(fmt::format("a frame of {} bytes; the file is damaged", length));
  } else if (have(pcap_frame_header_bytes + length)) {
    frame.emplace();
    frame->time = wall_time(u32(0), std::uint64_t{u32(4)} * (nanoseconds_ ? 1U : 1000U));
    frame->link_type = link_type_;
    frame->bytes = ahead().subspan(pcap_frame_header_bytes, length);
    frame->cut_bytes = u32(12) > length ? u32(12) - length : 0;
    take(pcap_frame_header_bytes + length);
  }
  return frame;
}

std::optional<CapturedFrame> PcapReader::next_pcapng() {
  std::uint32_t type = 0;
  std::uint32_t length = 0;
  while (read_block_header(type, length)) {
    std::optional<CapturedFrame> frame;
    switch (type) {
      case interface_description: interface_block(length); break;
      case decryption_secrets: secrets_block(length); break;
      case old_packet:
      case simple_packet:
      case enhanced_packet: frame = packet_block(type, length); break;
      default: break;
    }
    if (fault_) return std::nullopt;
    take(length);
    if (frame) return frame;
  }
  return std::nullopt;
}

// True when the whole block is there. The length stands at both ends of a block, which finds most damage.
bool PcapReader::read_block_header(std::uint32_t& type, std::uint32_t& length) {
  if (!have(12)) return false;
  if (load_big_endian<std::uint32_t>(ahead().data()) == section_header) {
    const std::uint8_t* magic = ahead().data() + 8;
    big_endian_ = load_big_endian<std::uint32_t>(magic) == byte_order_magic;
    if (!big_endian_ && load_little_endian<std::uint32_t>(magic) != byte_order_magic) {
      fail("a Section Header Block without its byte-order magic");
      return false;
    }
    interfaces_.clear();
  }
  type = u32(0);
  length = u32(4);
  if (length < 12 || length % 4 != 0 || length > max_block_bytes) {
    fail(fmt::format("a block of {} bytes; the file is damaged", length));
    return false;
  }
  if (!have(length)) return false;
  if (u32(length - 4) != length) {
    fail(fmt::format("a block of {} bytes says {} at its end; the file is damaged", length, u32(length - 4)));
    return false;
  }
  return true;
}

std::optional<CapturedFrame> PcapReader::packet_block(std::uint32_t type, std::uint32_t length) {
  const std::size_t header = type == simple_packet ? 12 : 28;
  if (length < header + 4) {
    fail("a packet block without room for its fields");
    return std::nullopt;
  }
  const std::uint32_t interface = type == simple_packet ? 0 : type == old_packet ? u16(8) : u32(8);
  if (interface >= interfaces_.size()) {
    fail(fmt::format("a packet of interface {}, which no block describes", interface));
    return std::nullopt;
  }
  const std::uint32_t room = length - static_cast<std::uint32_t>(header) - 4;
  const std::uint32_t original = type == simple_packet ? u32(8) : u32(24);
  const std::uint32_t captured = type == simple_packet ? std::min(original, room) : u32(20);
  if (captured > room) {
    fail(fmt::format("a packet of {} bytes in a block with room for {}", captured, room));
    return std::nullopt;
  }
  CapturedFrame frame;
  const Interface& from = interfaces_[interface];
  if (type != simple_packet) {
    const std::uint64_t ticks = (std::uint64_t{u32(12)} << 32U) | u32(16);
    frame.time = wall_time(ticks, from.ticks_per_second, from.offset_seconds);
  }
  frame.link_type = from.link_type;
  frame.bytes = ahead().subspan(header, captured);
  frame.cut_bytes = original > captured ? original - captured : 0;
  return frame;
}

void PcapReader::interface_block(std::uint32_t length) {
  if (length < 20 || interfaces_.size() >= max_interfaces) {
    fail("an Interface Description Block that cannot be right");
    return;
  }
  Interface interface;
  interface.link_type = u16(8);
  for (std::size_t at = 16; at + 4 <= length - 4;) {
    const std::uint16_t code = u16(at);
    const std::size_t size = u16(at + 2);
    if (code == 0 || at + 4 + size > length - 4) break;
    const std::uint8_t* value = ahead().data() + at + 4;
    if (code == 9 && size == 1) interface.ticks_per_second = ticks_per_second(*value);
    if (code == 14 && size == 8) {
      const auto offset =
          big_endian_ ? load_big_endian<std::uint64_t>(value) : load_little_endian<std::uint64_t>(value);
      constexpr std::uint64_t limit = 9'200'000'000;
      interface.offset_seconds = static_cast<std::int64_t>(std::min(offset, limit));
    }
    at += 4 + (size + 3) / 4 * 4;
  }
  interfaces_.push_back(interface);
}

void PcapReader::secrets_block(std::uint32_t length) {
  if (length < 20 || u32(8) != tls_key_log) return;
  const std::size_t size = std::min<std::size_t>(u32(12), length - 20);
  key_log_ += as_text(ahead().subspan(16, size));
}

}  // namespace mqtk
