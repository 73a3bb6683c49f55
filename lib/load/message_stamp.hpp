// The first 16 bytes of a load test's payload: who sent it, which one it is, when it was due and when it was sent.
//
// Times are microseconds of the clock that never jumps, so publisher and subscriber may be two processes of one
// machine. They wrap after 12.7 days; no message is that old.
//
// The streams of a run are numbered from a number chosen at random, past the highest on from 0: that is what tells runs
// at one broker apart. Two runs of m and n publishers take each other's messages for their own, if they receive them,
// with a probability of (m + n) / 2^32.
//
//   byte 0      0xB7, which begins no UTF-8 text
//   bytes 1-4   stream: one publisher of one run
//   bytes 5-8   sequence within the stream, from 0
//   bytes 9-13  intended time, microseconds
//   bytes 14-15 how much later it was sent: 5 bits of exponent, 11 of mantissa, microseconds
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mqtk {

// When a message was due and when it was sent, in 56 bits. The difference is kept to 3 digits.
class SendTimes {
 public:
  SendTimes() = default;
  SendTimes(TimePoint intended, TimePoint sent);
  explicit SendTimes(std::uint64_t packed) : packed_(packed) {}

  [[nodiscard]] std::uint64_t packed() const { return packed_; }
  // `now` is at most 6 days after the intended time: what lies in the future counts as 0.
  [[nodiscard]] Duration since_intended(TimePoint now) const;
  // Likewise, but below 0 for what lies in the future, as it does by the clock of another machine.
  [[nodiscard]] Duration age(TimePoint now) const;
  [[nodiscard]] Duration since_sent(TimePoint now) const;
  // How much later than intended the message was sent.
  [[nodiscard]] Duration lateness() const;

 private:
  std::uint64_t packed_ = 0;
};

struct MessageStamp {
  static constexpr std::size_t size_bytes = 16;
  static constexpr std::uint32_t most_streams = 1u << 24;  // of one run
  // Of the User Property that carries the stamp, as 32 hex digits, where the payload is given.
  static constexpr std::string_view property_name = "mqtk-bench";

  std::uint32_t stream = 0;
  std::uint32_t sequence = 0;
  SendTimes times;

  // Its number in a run whose streams are numbered from `first`: past the last one if it is of another run.
  [[nodiscard]] std::uint32_t number_from(std::uint32_t first) const { return stream - first; }

  // `to` has at least size_bytes.
  void write(MutableBytes to) const;
  // Nothing if the payload does not begin with a stamp.
  [[nodiscard]] static std::optional<MessageStamp> read(Bytes payload);

  // `to` has at least 2 * size_bytes.
  void write_hex(MutableBytes to) const;
  [[nodiscard]] static std::optional<MessageStamp> read_hex(std::string_view digits);
};

}  // namespace mqtk
