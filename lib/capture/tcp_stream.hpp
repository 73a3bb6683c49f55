// One direction of a TCP connection: segments as they were captured to bytes in the order in which they were sent.
//
// Segments may come late, twice, overlapping or never. What never comes is told as a gap once it is certain: the
// receiver has acknowledged it, or far too much has come behind it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "capture/tcp_segment.hpp"

namespace mqtk {

struct TcpCounts {
  std::uint64_t segments = 0;  // with payload
  std::uint64_t retransmitted = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t missing_bytes = 0;
  std::optional<WallTime> closed = {};  // by this side: its FIN or RST
};

class TcpStreamListener {
 public:
  virtual ~TcpStreamListener() = default;
  virtual void received(Bytes bytes, std::optional<WallTime> time) = 0;
  // So many bytes of the stream are not in the capture.
  virtual void missing(std::uint64_t bytes, std::optional<WallTime> time) = 0;
};

class TcpStream {
 public:
  // Held back while an earlier segment is awaited.
  static constexpr std::size_t max_held_bytes = 1024U * 1024;
  static constexpr std::size_t max_held_segments = 512;

  void take(const Segment& segment, std::optional<WallTime> time, TcpStreamListener& listener);
  // The other side has everything before this sequence number. `answers`: the segment that says so has data, which may
  // be an answer to what was not captured.
  void acknowledged(std::uint32_t acknowledgement, bool answers, std::optional<WallTime> time,
                    TcpStreamListener& listener);
  // No more segments will come: gaps are told, what lies behind them is handed out.
  void finish(std::optional<WallTime> time, TcpStreamListener& listener);

  // FIN has been reached, all before it has been handed out.
  [[nodiscard]] bool finished() const { return fin_ && held_.empty() && next_ >= *fin_; }
  [[nodiscard]] const TcpCounts& counts() const { return counts_; }
  // With what each segment takes beside its bytes.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_ + held_.size() * segment_overhead_bytes; }
  // Gives up on the first gap.
  void skip_gap(std::optional<WallTime> time, TcpStreamListener& listener);

 private:
  struct Held {
    std::vector<std::uint8_t> bytes;
    std::uint32_t cut_bytes = 0;
    std::optional<WallTime> time;
  };

  static constexpr std::size_t segment_overhead_bytes = 128;

  // The position of a sequence number: near `next_`, and never wrapping.
  [[nodiscard]] std::uint64_t position(std::uint32_t sequence) const;
  void start(std::uint32_t sequence);
  void hand_out(std::uint64_t at, Bytes bytes, std::uint32_t cut_bytes, std::optional<WallTime> time,
                TcpStreamListener& listener);
  void hand_out_held(TcpStreamListener& listener);
  void tell_missing(std::uint64_t until, std::optional<WallTime> time, TcpStreamListener& listener);

  bool started_ = false;
  std::uint64_t next_ = 0;  // of the byte that is due; its low 32 bits are its sequence number
  std::uint64_t acknowledged_ = 0;
  std::optional<std::uint64_t> fin_;
  std::map<std::uint64_t, Held> held_;
  std::size_t held_bytes_ = 0;
  TcpCounts counts_;
};

}  // namespace mqtk
