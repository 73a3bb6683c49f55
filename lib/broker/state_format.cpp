#include "broker/state_format.hpp"

#include "base/byte_order.hpp"
#include "base/crc32c.hpp"

namespace mqtk {
namespace {

constexpr std::size_t frame_head_bytes = 8;

void append_little_endian(std::uint32_t value, std::vector<std::uint8_t>& out) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

void StateWriter::number(std::uint64_t value) {
  for (; value > 0x7F; value >>= 7U) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80U));
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void StateWriter::text(Bytes value) {
  number(value.size());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

void StateFields::fail() {
  failed_ = true;
  rest_ = {};
}

std::uint64_t StateFields::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint64_t StateFields::number(std::uint64_t most) {
  const std::uint64_t value = number();
  if (value <= most) return value;
  fail();
  return 0;
}

Bytes StateFields::text() {
  const std::uint64_t size = number();
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const Bytes value = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(value.size());
  return value;
}

void append_state_frame(Bytes records, std::vector<std::uint8_t>& out) {
  append_little_endian(static_cast<std::uint32_t>(records.size()), out);
  append_little_endian(crc32c(records), out);
  out.insert(out.end(), records.begin(), records.end());
}

StateFrames::StateFrames(Bytes log) : has_magic_(as_text(log).starts_with(state_log_magic)) {
  if (has_magic_) rest_ = log.subspan(state_log_magic.size());
}

Bytes StateFrames::next() {
  if (rest_.size() < frame_head_bytes) return {};
  const auto size = load_little_endian<std::uint32_t>(rest_.data());
  const auto checksum = load_little_endian<std::uint32_t>(rest_.data() + 4);
  if (size > rest_.size() - frame_head_bytes) return {};
  const Bytes records = rest_.subspan(frame_head_bytes, size);
  if (crc32c(records) != checksum) return {};
  rest_ = rest_.subspan(frame_head_bytes + size);
  return records;
}

}  // namespace mqtk
