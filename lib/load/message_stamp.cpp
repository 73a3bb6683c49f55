#include "load/message_stamp.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/hex.hpp"

namespace mqtk {
namespace {

constexpr std::uint8_t magic = 0xB7;
constexpr std::uint64_t clock_mask = (std::uint64_t{1} << 40) - 1;
constexpr unsigned mantissa_bits = 11;
constexpr std::uint64_t most_lateness = std::uint64_t{0x7FF} << 31;

std::uint64_t microseconds(TimePoint time) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count());
}

// Shifts until 11 bits are left: exact below 2,048 microseconds, to a thousandth above.
std::uint64_t pack_lateness(std::uint64_t late) {
  late = std::min(late, most_lateness);
  const auto width = static_cast<unsigned>(std::bit_width(late));
  const unsigned exponent = width > mantissa_bits ? width - mantissa_bits : 0;
  return std::uint64_t{exponent} << mantissa_bits | late >> exponent;
}

std::uint64_t unpack_lateness(std::uint64_t packed) { return (packed & 0x7FF) << (packed >> mantissa_bits & 31); }

void write_big_endian(std::uint8_t* to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to[i] = static_cast<std::uint8_t>(value >> 8 * (bytes - 1 - i));
}

std::uint64_t read_big_endian(const std::uint8_t* from, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = value << 8 | from[i];
  return value;
}

}  // namespace

SendTimes::SendTimes(TimePoint intended, TimePoint sent) {
  const std::uint64_t due = microseconds(intended);
  const std::uint64_t went = std::max(due, microseconds(sent));
  packed_ = (due & clock_mask) << 16 | pack_lateness(went - due);
}

Duration SendTimes::age(TimePoint now) const {
  const std::uint64_t passed = (microseconds(now) - (packed_ >> 16)) & clock_mask;
  const std::int64_t round = passed > clock_mask / 2 ? static_cast<std::int64_t>(clock_mask) + 1 : 0;
  return std::chrono::microseconds{static_cast<std::int64_t>(passed) - round};
}

Duration SendTimes::since_intended(TimePoint now) const { return std::max(age(now), Duration{0}); }

Duration SendTimes::lateness() const {
  return std::chrono::microseconds{static_cast<std::int64_t>(unpack_lateness(packed_ & 0xFFFF))};
}

Duration SendTimes::since_sent(TimePoint now) const {
  return std::max<Duration>(since_intended(now) - lateness(), Duration{0});
}

void MessageStamp::write(MutableBytes to) const {
  to[0] = magic;
  write_big_endian(&to[1], stream, 4);
  write_big_endian(&to[5], sequence, 4);
  write_big_endian(&to[9], times.packed(), 7);
}

std::optional<MessageStamp> MessageStamp::read(Bytes payload) {
  if (payload.size() < size_bytes || payload[0] != magic) return std::nullopt;
  MessageStamp stamp;
  stamp.stream = static_cast<std::uint32_t>(read_big_endian(&payload[1], 4));
  stamp.sequence = static_cast<std::uint32_t>(read_big_endian(&payload[5], 4));
  stamp.times = SendTimes{read_big_endian(&payload[9], 7)};
  return stamp;
}

void MessageStamp::write_hex(MutableBytes to) const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::uint8_t, size_bytes> bytes{};
  write(bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) {
    to[2 * i] = static_cast<std::uint8_t>(digits[bytes[i] >> 4]);
    to[2 * i + 1] = static_cast<std::uint8_t>(digits[bytes[i] & 15]);
  }
}

std::optional<MessageStamp> MessageStamp::read_hex(std::string_view digits) {
  if (digits.size() != 2 * size_bytes) return std::nullopt;
  const auto bytes = from_hex(digits);
  return bytes ? read(*bytes) : std::nullopt;
}

}  // namespace mqtk
