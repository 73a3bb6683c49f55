// Frames out of capture files: pcap in both byte orders, with micro- or nanoseconds, and pcapng.
//
// Bytes come in pieces of any size and only what one block needs is kept. A damaged file ends with one line that says
// what is wrong and where; the frames before it have been handed out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mqtk {

struct CapturedFrame {
  std::optional<WallTime> time;  // some blocks of pcapng have none
  std::uint32_t link_type = 0;   // LINKTYPE_ number, as tcpdump.org lists them
  Bytes bytes;                   // dies at the next feed_buffer()
  std::uint32_t cut_bytes = 0;   // of the frame that the capture left out
};

class PcapReader {
 public:
  // A block or frame beyond this is taken for damage.
  static constexpr std::uint32_t max_block_bytes = 4U * 1024 * 1024;

  // Whether a file that starts with these bytes, four at least, is a capture file.
  [[nodiscard]] static bool recognizes(Bytes head);

  // New bytes go to the end of this buffer; only append.
  [[nodiscard]] std::vector<std::uint8_t>& feed_buffer();
  // No more bytes will come: half a block at the end becomes a fault.
  void finish() { finished_ = true; }

  // The next frame, or nothing until more bytes have been fed, and after a fault.
  [[nodiscard]] std::optional<CapturedFrame> next();

  // "byte 4711: a frame of 2147483647 bytes; the file is damaged"
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

  // TLS key log lines that a pcapng file carries and that have been met since the last call.
  [[nodiscard]] std::string take_key_log() { return std::exchange(key_log_, {}); }

 private:
  enum class Format : std::uint8_t { unknown, pcap, pcapng };
  struct Interface {
    std::uint32_t link_type = 0;
    std::uint64_t ticks_per_second = 1'000'000;
    std::int64_t offset_seconds = 0;
  };

  [[nodiscard]] Bytes ahead() const { return Bytes{buffer_}.subspan(at_); }
  [[nodiscard]] std::uint16_t u16(std::size_t at) const;
  [[nodiscard]] std::uint32_t u32(std::size_t at) const;
  [[nodiscard]] bool have(std::size_t count);
  void fail(std::string_view what);
  void take(std::size_t count) { at_ += count; }

  void read_file_header();
  [[nodiscard]] std::optional<CapturedFrame> next_pcap();
  [[nodiscard]] std::optional<CapturedFrame> next_pcapng();
  [[nodiscard]] bool read_block_header(std::uint32_t& type, std::uint32_t& length);
  [[nodiscard]] std::optional<CapturedFrame> packet_block(std::uint32_t type, std::uint32_t length);
  void interface_block(std::uint32_t length);
  void secrets_block(std::uint32_t length);

  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0;
  std::uint64_t base_ = 0;  // offset in the file of the buffer's first byte
  bool finished_ = false;
  Format format_ = Format::unknown;
  bool big_endian_ = false;
  bool nanoseconds_ = false;           // of pcap
  std::uint32_t link_type_ = 0;        // of pcap
  std::vector<Interface> interfaces_;  // of this section of a pcapng file
  std::optional<std::string> fault_;
  std::string key_log_;
};

}  // namespace mqtk
