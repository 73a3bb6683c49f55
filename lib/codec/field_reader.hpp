// Two of the four readings of a packet's description: decode (no notes) and annotate (notes). Private to the codec.
//
// The surprise: without notes the first fault ends the reading; with notes only a fault in the structure does, so that
// a lint sees all that is wrong.
#pragma once

#include <algorithm>
#include <string>

#include "base/utf8.hpp"
#include "codec/annotation.hpp"
#include "codec/codec.hpp"
#include "codec/field_notes.hpp"
#include "codec/property.hpp"
#include "codec/topic.hpp"

namespace mqtk {

// Identifiers of the properties seen in a block, a bit each: all are below 64.
using PropertySet = std::uint64_t;
[[nodiscard]] constexpr bool has(PropertySet set, PropertyId id) {
  return ((set >> static_cast<unsigned>(id)) & 1U) != 0;
}

template <bool noted>
class FieldReader {
 public:
  static constexpr bool advises = noted;

  FieldReader(Bytes packet, CodecContext context, AnnotatedPacket* out = nullptr)
      : packet_(packet), end_(packet.size()), context_(context), notes_(out) {}

  [[nodiscard]] Version version() const { return context_.version; }
  void set_version(Version version) { context_.version = version; }
  [[nodiscard]] Role sender() const { return context_.sender; }
  [[nodiscard]] Fault fault() const { return fault_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] std::size_t left() const { return end_ - at_; }
  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at_); }

  // Whether an optional field follows: bytes decide here, the packet's values when writing.
  [[nodiscard]] bool more(bool /*wanted*/) const { return !stopped_ && at_ < end_; }

  // --- fixed header ---
  void packet_type(PacketType type) {
    flags_ = packet_[0];
    at_ = 1;
    flags_offset_ = 0;
    if constexpr (noted) {
      notes_.parent(FieldKind::flags, "Packet Type and Flags", 0, 1);
      notes_.bits("Packet Type", 0, 4, 4, flags_ >> 4U, packet_type_name(type));
    }
  }
  void remaining_length() {
    if constexpr (noted) notes_.close();
    const std::size_t start = at_;
    const std::uint32_t value = variable_integer(Rule::remaining_length_too_long);
    if constexpr (noted) notes_.leaf(FieldKind::header, "Remaining Length", start, at_ - start, value);
    if (!stopped_ && value != left()) {
      stop(value > left() ? Rule::packet_too_short : Rule::packet_too_long, std::min(end_, at_ + value), 0);
    }
  }

  // --- a byte of bits; its bits are read from high to low ---
  void flags_byte(std::string_view name) {
    flags_offset_ = at_;
    flags_ = need(1) ? packet_[at_++] : 0;
    if constexpr (noted) {
      if (!stopped_) notes_.parent(FieldKind::flags, name, flags_offset_, 1);
    }
  }
  void end_flags() {
    if constexpr (noted) {
      if (!stopped_) notes_.close();
    }
  }
  void bit(std::string_view name, unsigned position, bool& value) {
    value = ((flags_ >> position) & 1U) != 0;
    if constexpr (noted) {
      if (!stopped_) notes_.bits(name, flags_offset_, position, 1, value ? 1 : 0, {});
    }
  }
  // Both bits set breaks `reserved`; `value` is then 0 but number() of the bits is returned as 3.
  std::uint8_t qos(std::string_view name, unsigned position, QoS& value, Rule reserved) {
    const auto number = static_cast<std::uint8_t>((flags_ >> position) & 3U);
    value = static_cast<QoS>(number == 3 ? 0 : number);
    if constexpr (noted) {
      if (!stopped_) notes_.bits(name, flags_offset_, position, 2, number, qos_meaning(number));
    }
    if (number == 3) fail(reserved, flags_offset_);
    return number;
  }
  void two_bits(std::string_view name, unsigned position, RetainHandling& value, Rule reserved) {
    const unsigned number = (flags_ >> position) & 3U;
    value = static_cast<RetainHandling>(number == 3 ? 0 : number);
    if constexpr (noted) {
      if (!stopped_) notes_.bits(name, flags_offset_, position, 2, number, retain_handling_meaning(number));
    }
    if (number == 3) fail(reserved, flags_offset_);
  }
  // Bits that must have the value `expected`; Rule::none: not checked.
  void reserved_bits(unsigned position, unsigned count, unsigned expected, Rule rule) {
    const unsigned number = (flags_ >> position) & ((1U << count) - 1U);
    if constexpr (noted) {
      if (!stopped_) notes_.bits("Reserved", flags_offset_, position, count, number, {});
    }
    if (number != expected && rule != Rule::none) fail(rule, flags_offset_);
  }

  // --- numbers ---
  void byte(std::string_view name, std::uint8_t& value) {
    const std::size_t start = at_;
    value = need(1) ? packet_[at_++] : 0;
    note_number(FieldKind::integer, name, start, value);
  }
  void two_bytes(std::string_view name, std::uint16_t& value) {
    const std::size_t start = at_;
    value = static_cast<std::uint16_t>(big_endian(2));
    note_number(FieldKind::integer, name, start, value);
  }
  void packet_identifier(std::string_view name, PacketIdentifier& value, Rule zero) {
    const std::size_t start = at_;
    two_bytes(name, value);
    if (value == 0) fail(zero, start, 2);
  }
  void reason_code(ReasonCode& value, PacketType packet, Rule not_defined) {
    const std::size_t start = at_;
    const std::uint8_t number = need(1) ? packet_[at_++] : 0;
    value = static_cast<ReasonCode>(number);
    if constexpr (noted) {
      if (!stopped_) {
        notes_.leaf(FieldKind::reason_code, version() == Version::v5 ? "Reason Code" : "Return Code", start, 1, number,
                    code_meaning(value, packet, version()));
      }
    }
    const bool allowed = version() == Version::v5 ? reason_code_allowed(value, packet, sender())
                                                  : return_code_allowed(number, packet, version());
    if (!allowed) fail(not_defined, start);
  }

  // --- strings ---
  struct TextRules {
    Rule not_utf8 = Rule::string_not_utf8;
    Rule has_null = Rule::string_has_null;
  };
  std::string_view text(std::string_view name, TextRules rules = {}) {
    const Bytes bytes = prefixed(name, FieldKind::text);
    if (!stopped_) check_text(bytes, rules);
    return as_text(bytes);
  }
  void text(std::string_view name, std::string_view& value, TextRules rules = {}) { value = text(name, rules); }
  void binary(std::string_view name, Bytes& value) { value = prefixed(name, FieldKind::binary); }

  void topic_name(std::string_view name, std::string_view& value, Rule not_utf8) {
    value = text(name, {not_utf8, Rule::topic_has_null});
    if (!stopped_) check_wildcards(value, Rule::topic_name_has_wildcard);
  }
  void topic_filter(std::string_view name, std::string_view& value, Rule not_utf8) {
    value = text(name, {not_utf8, Rule::topic_has_null});
    if (stopped_) return;
    const Fault found = TopicFilter::check(value, version());
    // Text is checked above, under the rule of the packet at hand.
    if (!found || found.rule == Rule::subscribe_filter_not_utf8 || found.rule == Rule::topic_has_null) return;
    if (found.rule == Rule::topic_filter_empty) {
      fail(found.rule, at_ - 2, 2);
    } else {
      const bool missing = found.offset == value.size();  // the filter behind a ShareName
      fail(found.rule, at_ - value.size() + found.offset, missing ? 0 : 1);
    }
  }

  // --- groups ---
  void open(std::string_view name) {
    if constexpr (noted) {
      if (!stopped_) notes_.open(FieldKind::group, name, at_);
    }
  }
  void close() {
    if constexpr (noted) {
      if (!stopped_) notes_.close_at(at_);
    }
  }

  // Property Length and properties. Returns what was seen.
  PropertySet properties(std::string_view name, PropertyBlock& value, PropertyScope scope);
  // Properties up to the end of what is being read.
  PropertySet property_block(PropertyScope scope);

  // A list that runs to the packet's end: `entry` is called until nothing is left. An entry that is cut off is not
  // part of the list, so that walking it stays safe after a fault.
  template <class Entry>
  Bytes list(Entry entry) {
    const std::size_t start = at_;
    std::size_t whole_end = at_;
    while (!stopped_ && at_ < end_) {
      entry();
      if (!stopped_) whole_end = at_;
      stop_if_full();
    }
    return packet_.subspan(start, whole_end - start);
  }
  void rest(std::string_view name, Bytes& value) {
    value = packet_.subspan(at_, left());
    if constexpr (noted) {
      if (!stopped_ && !value.empty()) notes_.payload(name, at_, value.size());
    }
    at_ = end_;
  }

  // --- rules ---
  void require(bool kept, Rule rule, std::size_t offset, std::size_t length = 1) {
    if (!kept) fail(rule, offset, length);
  }
  void fail(Rule rule, std::size_t offset, std::size_t length = 1) {
    if (stopped_) return;
    if (!fault_) fault_ = {rule, static_cast<std::uint32_t>(offset)};
    if constexpr (noted) {
      notes_.problem({rule, static_cast<std::uint32_t>(offset)}, length);
      stop_if_full();
    } else {
      stopped_ = true;
    }
  }
  // A fault behind which no field can be found any more.
  void stop(Rule rule, std::size_t offset, std::size_t length = 1) {
    fail(rule, offset, length);
    stopped_ = true;
  }
  void advise(Rule rule, std::size_t offset, std::size_t length) {
    if constexpr (noted) {
      if (!stopped_) notes_.problem({rule, static_cast<std::uint32_t>(offset)}, length);
    }
  }
  // The field that must begin here is not there at all.
  bool present(Rule missing) {
    if (stopped_) return false;
    if (at_ < end_) return true;
    stop(missing, at_, 0);
    return false;
  }
  void finish(Rule surplus) {
    if (!stopped_ && at_ < end_) stop(surplus, at_, left());
    if constexpr (noted) notes_.undecoded(at_, packet_.size());
  }

 private:
  void stop_if_full() {
    if constexpr (noted) stopped_ |= notes_.full();
  }
  bool need(std::size_t count) {
    if (stopped_) return false;
    if (end_ - at_ >= count) return true;
    stop(in_properties_ ? Rule::property_truncated : Rule::packet_too_short, at_, end_ - at_);
    return false;
  }
  std::uint32_t big_endian(unsigned count) {
    if (!need(count)) return 0;
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 8U | packet_[at_++];
    return value;
  }
  std::uint32_t variable_integer(Rule too_long = Rule::integer_too_long);
  Bytes prefixed(std::string_view name, FieldKind kind);
  void check_text(Bytes bytes, TextRules rules) {
    const Utf8Check utf8 = check_utf8(bytes);
    if (utf8.result == Utf8::valid) return;
    fail(utf8.result == Utf8::has_null ? rules.has_null : rules.not_utf8, at_ - bytes.size() + utf8.offset);
  }
  void check_wildcards(std::string_view topic, Rule rule) {
    const std::size_t wildcard = find_wildcard(topic);
    if (wildcard != std::string_view::npos) fail(rule, at_ - topic.size() + wildcard);
  }
  void note_number(FieldKind kind, std::string_view name, std::size_t start, std::uint32_t value) {
    if constexpr (noted) {
      if (!stopped_) notes_.leaf(kind, name, start, at_ - start, value);
    }
  }
  void property(const PropertyInfo& info);
  void check_property_number(PropertyId id, std::uint32_t value, std::size_t start);

  Bytes packet_;
  std::size_t at_ = 0;
  std::size_t end_;                 // of the packet, or of the property block being read
  std::size_t properties_end_ = 0;  // of the last property that is whole: what lies behind it must not be walked
  CodecContext context_;
  Fault fault_;
  bool stopped_ = false;
  bool in_properties_ = false;
  std::uint8_t flags_ = 0;
  std::size_t flags_offset_ = 0;
  [[no_unique_address]] FieldNotes<noted> notes_;
};

template <bool noted>
std::uint32_t FieldReader<noted>::variable_integer(Rule too_long) {
  const std::size_t start = at_;
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (at_ == end_) {
      at_ = start;
      (void)need(i + 1);
      return 0;
    }
    const std::uint8_t byte = packet_[at_++];
    value |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (i > 0 && byte == 0 && version() == Version::v5) fail(Rule::integer_not_shortest, start, at_ - start);
    return value;
  }
  stop(too_long, start, 4);
  return 0;
}

template <bool noted>
Bytes FieldReader<noted>::prefixed(std::string_view name, FieldKind kind) {
  const std::size_t start = at_;
  const std::size_t size = big_endian(2);
  if (stopped_) return {};
  if (end_ - at_ < size) {
    at_ = start;
    (void)need(size + 2);
    return {};
  }
  const Bytes bytes = packet_.subspan(at_, size);
  at_ += size;
  if constexpr (noted) notes_.prefixed(kind, name, start, bytes);
  return bytes;
}

template <bool noted>
PropertySet FieldReader<noted>::properties(std::string_view name, PropertyBlock& value, PropertyScope scope) {
  PropertySet seen = 0;
  if (!present(Rule::property_length_missing)) return seen;
  if constexpr (noted) notes_.open(FieldKind::group, name, at_);
  const std::size_t start = at_;
  const std::uint32_t size = variable_integer();
  if (stopped_) return seen;
  note_number(FieldKind::length, "Property Length", start, size);
  if (size > left()) {
    stop(Rule::property_length_too_long, start, at_ - start);
    return seen;
  }
  const std::size_t whole_end = end_;
  end_ = at_ + size;
  const std::size_t block_start = at_;
  seen = property_block(scope);
  value = PropertyBlock{packet_.subspan(block_start, properties_end_ - block_start)};
  end_ = whole_end;
  close();
  return seen;
}

template <bool noted>
PropertySet FieldReader<noted>::property_block(PropertyScope scope) {
  PropertySet seen = 0;
  in_properties_ = true;
  properties_end_ = at_;
  while (!stopped_ && at_ < end_) {
    const std::size_t start = at_;
    // An identifier is a Variable Byte Integer, but all that are defined take one byte: a longer one is a fault.
    std::uint32_t id = packet_[at_];
    if (id > 0x7F) id = variable_integer();
    const PropertyInfo* info = find_property(id);
    if (info == nullptr) stop(Rule::property_unknown, start);
    if (at_ != start) stopped_ = true;
    if (stopped_) break;
    property(*info);
    if (stopped_) break;
    if (!info->allowed_in(scope)) fail(Rule::property_not_allowed, start, at_ - start);
    const bool may_repeat = info->id == PropertyId::user_property ||
                            (info->id == PropertyId::subscription_identifier && scope == PropertyScope::publish);
    if (has(seen, info->id) && !may_repeat) fail(Rule::property_repeated, start, at_ - start);
    seen |= PropertySet{1} << id;
    properties_end_ = at_;
    stop_if_full();
  }
  in_properties_ = false;
  return seen;
}

template <bool noted>
void FieldReader<noted>::property(const PropertyInfo& info) {
  const std::size_t start = at_++;
  if constexpr (noted) notes_.open_property(info, start);
  std::uint32_t number = 0;
  switch (info.type) {
    case PropertyType::byte: number = big_endian(1); break;
    case PropertyType::two_byte_integer: number = big_endian(2); break;
    case PropertyType::four_byte_integer: number = big_endian(4); break;
    case PropertyType::variable_byte_integer: number = variable_integer(); break;
    case PropertyType::utf8_string: {
      TextRules rules;
      if (info.id == PropertyId::response_topic) rules.not_utf8 = Rule::response_topic_not_utf8;
      if (info.id == PropertyId::content_type) rules.not_utf8 = Rule::content_type_not_utf8;
      const std::string_view value = text("Value", rules);
      if (info.id == PropertyId::response_topic) check_wildcards(value, Rule::response_topic_has_wildcard);
      break;
    }
    case PropertyType::binary: (void)prefixed("Value", FieldKind::binary); break;
    case PropertyType::utf8_string_pair:
      text("Name", {Rule::string_pair_not_utf8, Rule::string_pair_not_utf8});
      text("Value", {Rule::string_pair_not_utf8, Rule::string_pair_not_utf8});
      break;
  }
  if (stopped_) return;
  if (info.type <= PropertyType::variable_byte_integer) {
    note_number(FieldKind::integer, "Value", start + 1, number);
    check_property_number(info.id, number, start + 1);
  }
  if constexpr (noted) notes_.close_at(at_);
}

template <bool noted>
void FieldReader<noted>::check_property_number(PropertyId id, std::uint32_t value, std::size_t start) {
  const std::size_t length = at_ - start;
  switch (id) {
    case PropertyId::payload_format_indicator:
    case PropertyId::request_problem_information:
    case PropertyId::request_response_information:
    case PropertyId::maximum_qos:
    case PropertyId::retain_available:
    case PropertyId::wildcard_subscription_available:
    case PropertyId::subscription_identifier_available:
    case PropertyId::shared_subscription_available:
      require(value <= 1, Rule::property_not_zero_or_one, start, length);
      break;
    case PropertyId::receive_maximum: require(value != 0, Rule::receive_maximum_zero, start, length); break;
    case PropertyId::maximum_packet_size: require(value != 0, Rule::maximum_packet_size_zero, start, length); break;
    case PropertyId::topic_alias: require(value != 0, Rule::topic_alias_zero, start, length); break;
    case PropertyId::subscription_identifier:
      require(value != 0, Rule::subscription_identifier_zero, start, length);
      break;
    default: break;
  }
}

}  // namespace mqtk
