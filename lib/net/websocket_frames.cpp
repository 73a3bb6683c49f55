#include "net/websocket_frames.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/utf8.hpp"

namespace mqtk {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::size_t max_control_bytes = 125;

enum Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

bool is_control(std::uint8_t opcode) { return (opcode & 8U) != 0; }

// XORs with the mask, beginning with its byte `phase`; `to` may lie before `from` in the same memory.
void apply_mask(const std::uint8_t* from, std::uint8_t* to, std::size_t size, std::array<std::uint8_t, 4> mask,
                std::size_t phase) {
  std::array<std::uint8_t, 8> wide;
  for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = mask[(phase + i) % 4];
  const auto pattern = std::bit_cast<std::uint64_t>(wide);
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, from + at, 8);
    word ^= pattern;
    std::memcpy(to + at, &word, 8);
  }
  for (; at < size; ++at) to[at] = from[at] ^ wide[at % 8];
}

std::array<std::uint8_t, 4> mask_bytes(std::uint32_t mask) { return std::bit_cast<std::array<std::uint8_t, 4>>(mask); }

void append_header(SendQueue& output, std::uint8_t opcode, std::size_t size, WebSocketRole role, std::uint32_t mask) {
  std::array<std::uint8_t, 14> header;
  std::size_t at = 0;
  const std::uint8_t masked = role == WebSocketRole::client ? mask_bit : 0;
  header[at++] = fin_bit | opcode;
  const auto append_size = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) {
      header[at++] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(size) >> (8 * i));
    }
  };
  if (size < 126) {
    header[at++] = static_cast<std::uint8_t>(masked | size);
  } else if (size <= 0xFFFF) {
    header[at++] = masked | 126;
    append_size(2);
  } else {
    header[at++] = masked | 127;
    append_size(8);
  }
  if (masked != 0) {
    std::memcpy(header.data() + at, mask_bytes(mask).data(), 4);
    at += 4;
  }
  output.append({header.data(), at});
}

void append_control(SendQueue& output, Opcode opcode, Bytes payload, WebSocketRole role, std::uint32_t mask) {
  append_header(output, opcode, payload.size(), role, mask);
  if (payload.empty()) return;
  const std::uint32_t used = role == WebSocketRole::client ? mask : 0;
  apply_mask(payload.data(), output.append(payload.size()), payload.size(), mask_bytes(used), 0);
}

std::unexpected<WebSocketReader::Fault> fault(const char* what, CloseStatus status = CloseStatus::protocol_error) {
  return std::unexpected(WebSocketReader::Fault{status, what});
}

}  // namespace

std::size_t WebSocketReader::header_size() const {
  if (header_filled_ < 2) return 2;
  const unsigned length = header_[1] & 0x7FU;
  return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((header_[1] & mask_bit) != 0 ? 4U : 0U);
}

std::expected<void, WebSocketReader::Fault> WebSocketReader::begin_frame() {
  const bool fin = (header_[0] & fin_bit) != 0;
  opcode_ = header_[0] & 0x0FU;
  const bool masked = (header_[1] & mask_bit) != 0;
  if ((header_[0] & reserved_bits) != 0) return fault("a reserved bit is set");
  if (masked != (role_ == WebSocketRole::server)) {
    return fault(masked ? "a server's frame is masked" : "a client's frame is not masked");
  }
  left_ = header_[1] & 0x7FU;
  std::size_t at = 2;
  if (left_ >= 126) {
    const std::size_t bytes = left_ == 126 ? 2 : 8;
    left_ = 0;
    for (std::size_t i = 0; i < bytes; ++i) left_ = left_ << 8U | header_[at++];
    if (left_ < (bytes == 2 ? 126U : 0x10000U)) return fault("the length is not in its shortest form");
    if (left_ >> 63U != 0) return fault("the length is too large");
  }
  if (masked) std::memcpy(mask_.data(), header_.data() + at, 4);
  mask_phase_ = 0;
  if (is_control(opcode_)) {
    if (opcode_ > pong) return fault("an unknown kind of frame");
    if (!fin || left_ > max_control_bytes) return fault("a control frame is too long or in fragments");
    control_payload_.clear();
    return {};
  }
  if (opcode_ == text) return fault("a text frame", CloseStatus::unsupported_data);
  if (opcode_ > binary) return fault("an unknown kind of frame");
  if ((opcode_ == continuation) != in_message_) return fault("a fragment out of turn");
  in_message_ = !fin;
  return {};
}

std::expected<void, WebSocketReader::Fault> WebSocketReader::end_control(
    const std::function<void(const Control&)>& control) {
  Control found{.payload = std::move(control_payload_)};
  control_payload_ = {};
  if (opcode_ != close) {
    found.kind = opcode_ == ping ? Control::Kind::ping : Control::Kind::pong;
    control(found);
    return {};
  }
  found.kind = Control::Kind::close;
  if (found.payload.size() == 1) return fault("a Close frame with half a status");
  if (found.payload.size() >= 2) {
    found.status = static_cast<CloseStatus>(found.payload[0] << 8U | found.payload[1]);
    found.reason = as_text(Bytes(found.payload).subspan(2));
    if (check_utf8(as_bytes(found.reason)).result == Utf8::ill_formed)
      return fault("the reason of a Close frame is not UTF-8");
  }
  closed_ = true;
  control(found);
  return {};
}

// Unmasks what there is of the payload into `to` and returns how much that was.
std::size_t WebSocketReader::take_payload(MutableBytes bytes, std::uint8_t* to) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (role_ == WebSocketRole::server) {
    apply_mask(bytes.data(), to, size, mask_, mask_phase_);
    mask_phase_ = static_cast<std::uint8_t>((mask_phase_ + size) % 4);
  } else if (to != bytes.data()) {
    std::memmove(to, bytes.data(), size);
  }
  left_ -= size;
  return size;
}

std::expected<std::size_t, WebSocketReader::Fault> WebSocketReader::read(
    MutableBytes bytes, const std::function<void(const Control&)>& control) {
  std::uint8_t* out = bytes.data();
  std::size_t at = 0;
  while (!closed_ && (at < bytes.size() || in_payload_)) {
    if (!in_payload_) {
      while (at < bytes.size() && header_filled_ < header_size()) header_[header_filled_++] = bytes[at++];
      if (header_filled_ < header_size()) break;
      header_filled_ = 0;
      if (auto begun = begin_frame(); !begun) return std::unexpected(begun.error());
      in_payload_ = true;
    }
    const MutableBytes rest = bytes.subspan(at);
    if (is_control(opcode_)) {
      std::array<std::uint8_t, max_control_bytes> piece;
      const std::size_t size = take_payload(rest, piece.data());
      control_payload_.insert(control_payload_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
      at += size;
    } else {
      const std::size_t size = take_payload(rest, out);
      out += size;
      at += size;
    }
    if (left_ > 0) break;
    in_payload_ = false;
    if (!is_control(opcode_)) continue;
    if (auto ended = end_control(control); !ended) return std::unexpected(ended.error());
  }
  return static_cast<std::size_t>(out - bytes.data());
}

void append_binary_frame(SendQueue& output, SendQueue& data, std::size_t max_bytes, WebSocketRole role,
                         std::uint32_t mask) {
  std::array<Bytes, 64> parts;
  const std::size_t count = data.gather(parts);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += parts[i].size();
  size = std::min(size, max_bytes);
  append_header(output, binary, size, role, mask);
  std::size_t done = 0;
  for (std::size_t i = 0; i < count && done < size; ++i) {
    const std::size_t taken = std::min(parts[i].size(), size - done);
    if (role == WebSocketRole::client) {
      apply_mask(parts[i].data(), output.append(taken), taken, mask_bytes(mask), done);
    } else {
      output.append(parts[i].first(taken));
    }
    done += taken;
  }
  data.consume(size);
}

void append_pong(SendQueue& output, Bytes payload, WebSocketRole role, std::uint32_t mask) {
  append_control(output, pong, payload, role, mask);
}

void append_close(SendQueue& output, CloseStatus status, WebSocketRole role, std::uint32_t mask) {
  const auto number = static_cast<std::uint16_t>(status);
  const std::array<std::uint8_t, 2> payload{static_cast<std::uint8_t>(number >> 8U),
                                            static_cast<std::uint8_t>(number & 0xFFU)};
  append_control(output, close, payload, role, mask);
}

}  // namespace mqtk
