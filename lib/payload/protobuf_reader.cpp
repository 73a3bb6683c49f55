#include "payload/protobuf_reader.hpp"

namespace mqtk {

bool ProtobufReader::varint(std::uint64_t& to) {
  to = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ >= message_.size()) return false;
    const std::uint8_t byte = message_[at_++];
    if (shift == 63 && byte > 1) return false;
    to |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtobufReader::content(ProtobufField& field) {
  const std::size_t left = message_.size() - at_;
  switch (field.type) {
    case ProtobufField::Type::varint: return varint(field.value);
    case ProtobufField::Type::fixed64:
      if (left < 8) return false;
      field.value = load_little_endian<std::uint64_t>(message_.data() + at_);
      at_ += 8;
      return true;
    case ProtobufField::Type::fixed32:
      if (left < 4) return false;
      field.value = load_little_endian<std::uint32_t>(message_.data() + at_);
      at_ += 4;
      return true;
    case ProtobufField::Type::bytes: {
      std::uint64_t size = 0;
      if (!varint(size) || size > message_.size() - at_) return false;
      field.bytes = message_.subspan(at_, static_cast<std::size_t>(size));
      at_ += field.bytes.size();
      return true;
    }
  }
  return false;
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (damaged_ || at_ >= message_.size()) return std::nullopt;
  ProtobufField field;
  field.offset = at_;
  std::uint64_t key = 0;
  damaged_ = !varint(key) || key >> 3U == 0 || key >> 3U > 0x1FFFFFFFU;
  if (!damaged_) {
    field.number = static_cast<std::uint32_t>(key >> 3U);
    field.type = static_cast<ProtobufField::Type>(key & 7U);
    damaged_ = !content(field);
  }
  if (damaged_) {
    at_ = field.offset;
    return std::nullopt;
  }
  return field;
}

}  // namespace mqtk
