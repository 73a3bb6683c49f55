// Protocol Buffers on the wire: one field after another, without a schema.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "base/byte_order.hpp"
#include "base/bytes.hpp"

namespace mqtk {

struct ProtobufField {
  enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint32_t number = 0;
  Type type{};
  std::uint64_t value = 0;  // of all types but bytes
  Bytes bytes = {};
  std::size_t offset = 0;  // of the field in the message

  [[nodiscard]] float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  [[nodiscard]] double as_double() const { return std::bit_cast<double>(value); }
};

class ProtobufReader {
 public:
  explicit ProtobufReader(Bytes message) : message_(message) {}

  // Nothing at the end, and where the bytes are no message: damaged() tells the two apart. Groups, which nobody
  // writes any more, count as damage.
  [[nodiscard]] std::optional<ProtobufField> next();
  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] std::size_t offset() const { return at_; }

 private:
  [[nodiscard]] bool varint(std::uint64_t& to);
  [[nodiscard]] bool content(ProtobufField& field);

  Bytes message_;
  std::size_t at_ = 0;
  bool damaged_ = false;
};

}  // namespace mqtk
