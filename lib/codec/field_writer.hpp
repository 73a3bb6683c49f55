// The other two readings of a packet's description: its size (with all checks), and its bytes. Private to the codec.
#pragma once

#include <cstring>

#include "codec/field_reader.hpp"
#include "codec/variable_byte_integer.hpp"

namespace mqtk {

// Counts bytes behind the fixed header and checks what a reader would check. Offsets of its faults are those in the
// encoded packet only roughly: the caller cares for the rule.
class FieldSizer {
 public:
  static constexpr bool advises = false;

  explicit FieldSizer(CodecContext context) : context_(context) {}

  [[nodiscard]] Version version() const { return context_.version; }
  void set_version(Version version) { context_.version = version; }
  [[nodiscard]] Role sender() const { return context_.sender; }
  [[nodiscard]] Fault fault() const { return fault_; }
  [[nodiscard]] std::uint32_t offset() const { return size_; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::size_t left() const { return 0; }
  [[nodiscard]] bool stopped() const { return static_cast<bool>(fault_); }
  [[nodiscard]] bool more(bool wanted) const { return wanted; }
  [[nodiscard]] bool present(Rule /*missing*/) const { return true; }

  void packet_type(PacketType /*type*/) {}
  void remaining_length() {}
  void flags_byte(std::string_view /*name*/) { ++size_; }
  void end_flags() {}
  void bit(std::string_view /*name*/, unsigned /*position*/, bool /*value*/) {}
  std::uint8_t qos(std::string_view /*name*/, unsigned /*position*/, QoS value, Rule reserved) {
    if (value > QoS::exactly_once) fail(reserved, size_);
    return static_cast<std::uint8_t>(value);
  }
  void two_bits(std::string_view /*name*/, unsigned /*position*/, RetainHandling value, Rule reserved) {
    if (value > RetainHandling::do_not_send) fail(reserved, size_);
  }
  void reserved_bits(unsigned /*position*/, unsigned /*count*/, unsigned /*expected*/, Rule /*rule*/) {}

  void byte(std::string_view /*name*/, std::uint8_t /*value*/) { ++size_; }
  void two_bytes(std::string_view /*name*/, std::uint16_t /*value*/) { size_ += 2; }
  void packet_identifier(std::string_view /*name*/, PacketIdentifier value, Rule zero) {
    if (value == 0) fail(zero, size_);
    size_ += 2;
  }
  void reason_code(ReasonCode value, PacketType packet, Rule not_defined) {
    const bool allowed = version() == Version::v5
                             ? reason_code_allowed(value, packet, sender())
                             : return_code_allowed(static_cast<std::uint8_t>(value), packet, version());
    if (!allowed) fail(not_defined, size_);
    ++size_;
  }

  using TextRules = FieldReader<false>::TextRules;
  void text(std::string_view /*name*/, std::string_view value, TextRules rules = {}) {
    prefixed(as_bytes(value));
    const Utf8Check utf8 = check_utf8(as_bytes(value));
    if (utf8.result != Utf8::valid) fail(utf8.result == Utf8::has_null ? rules.has_null : rules.not_utf8, size_);
  }
  void binary(std::string_view /*name*/, Bytes value) { prefixed(value); }
  void topic_name(std::string_view name, std::string_view value, Rule not_utf8) {
    text(name, value, {not_utf8, Rule::topic_has_null});
    if (find_wildcard(value) != std::string_view::npos) fail(Rule::topic_name_has_wildcard, size_);
  }
  void open(std::string_view /*name*/) {}
  void close() {}

  PropertySet properties(std::string_view /*name*/, PropertyBlock value, PropertyScope scope) {
    const auto length = static_cast<std::uint32_t>(value.bytes().size());
    size_ += variable_byte_integer_size(length) + length;
    if (value.empty()) return 0;
    FieldReader<false> check{value.bytes(), context_};
    const PropertySet seen = check.property_block(scope);
    if (check.fault()) fail(check.fault().rule, size_);
    return seen;
  }
  // The bytes of a list are checked by reading them.
  template <class Entry>
  void checked_list(Bytes bytes, Entry entry) {
    size_ += static_cast<std::uint32_t>(bytes.size());
    FieldReader<false> check{bytes, context_};
    check.list([&] { entry(check); });
    if (check.fault()) fail(check.fault().rule, size_);
  }
  void rest(std::string_view /*name*/, Bytes value) {
    if (value.size() > max_variable_byte_integer) {
      fail(Rule::remaining_length_too_long, 1);
      return;
    }
    size_ += static_cast<std::uint32_t>(value.size());
  }

  void require(bool kept, Rule rule, std::size_t offset, std::size_t /*length*/ = 1) {
    if (!kept) fail(rule, offset);
  }
  void fail(Rule rule, std::size_t offset, std::size_t /*length*/ = 1) {
    if (!fault_) fault_ = {rule, static_cast<std::uint32_t>(offset)};
  }
  void stop(Rule rule, std::size_t offset, std::size_t /*length*/ = 1) { fail(rule, offset); }
  void advise(Rule /*rule*/, std::size_t /*offset*/, std::size_t /*length*/) {}
  void finish(Rule /*surplus*/) {
    if (size_ > max_variable_byte_integer) fail(Rule::remaining_length_too_long, 1);
  }

 private:
  void prefixed(Bytes bytes) {
    if (bytes.size() > 0xFFFF) fail(Rule::packet_too_long, size_);
    size_ += 2 + static_cast<std::uint32_t>(bytes.size());
  }

  CodecContext context_;
  Fault fault_;
  std::uint32_t size_ = 0;
};

// Writes what FieldSizer has counted and found in order.
class FieldWriter {
 public:
  static constexpr bool advises = false;

  FieldWriter(CodecContext context, std::uint32_t remaining_length, std::uint8_t* to)
      : context_(context), remaining_length_(remaining_length), first_(to), to_(to) {}

  [[nodiscard]] Version version() const { return context_.version; }
  void set_version(Version version) { context_.version = version; }
  [[nodiscard]] Role sender() const { return context_.sender; }
  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(to_ - first_); }
  [[nodiscard]] std::size_t left() const { return 0; }
  [[nodiscard]] bool stopped() const { return false; }
  [[nodiscard]] bool more(bool wanted) const { return wanted; }
  [[nodiscard]] bool present(Rule /*missing*/) const { return true; }

  void packet_type(PacketType type) {
    flags_ = to_++;
    *flags_ = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4U);
  }
  void remaining_length() { to_ = write_variable_byte_integer(to_, remaining_length_); }
  void flags_byte(std::string_view /*name*/) {
    flags_ = to_++;
    *flags_ = 0;
  }
  void end_flags() {}
  void bit(std::string_view /*name*/, unsigned position, bool value) { set(position, value ? 1U : 0U); }
  std::uint8_t qos(std::string_view /*name*/, unsigned position, QoS value, Rule /*reserved*/) {
    set(position, static_cast<unsigned>(value));
    return static_cast<std::uint8_t>(value);
  }
  void two_bits(std::string_view /*name*/, unsigned position, RetainHandling value, Rule /*reserved*/) {
    set(position, static_cast<unsigned>(value));
  }
  void reserved_bits(unsigned position, unsigned /*count*/, unsigned expected, Rule /*rule*/) {
    set(position, expected);
  }

  void byte(std::string_view /*name*/, std::uint8_t value) { *to_++ = value; }
  void two_bytes(std::string_view /*name*/, std::uint16_t value) {
    *to_++ = static_cast<std::uint8_t>(value >> 8U);
    *to_++ = static_cast<std::uint8_t>(value);
  }
  void packet_identifier(std::string_view name, PacketIdentifier value, Rule /*zero*/) { two_bytes(name, value); }
  void reason_code(ReasonCode value, PacketType /*packet*/, Rule /*not_defined*/) {
    *to_++ = static_cast<std::uint8_t>(value);
  }
  using TextRules = FieldReader<false>::TextRules;
  void text(std::string_view name, std::string_view value, TextRules /*rules*/ = {}) { binary(name, as_bytes(value)); }
  void binary(std::string_view name, Bytes value) {
    two_bytes(name, static_cast<std::uint16_t>(value.size()));
    copy(value);
  }
  void topic_name(std::string_view name, std::string_view value, Rule /*not_utf8*/) { binary(name, as_bytes(value)); }
  void open(std::string_view /*name*/) {}
  void close() {}
  PropertySet properties(std::string_view /*name*/, PropertyBlock value, PropertyScope /*scope*/) {
    to_ = write_variable_byte_integer(to_, static_cast<std::uint32_t>(value.bytes().size()));
    copy(value.bytes());
    return ~PropertySet{0};  // nothing is checked any more
  }
  template <class Entry>
  void checked_list(Bytes bytes, Entry /*entry*/) {
    copy(bytes);
  }
  void rest(std::string_view /*name*/, Bytes value) { copy(value); }

  void require(bool /*kept*/, Rule /*rule*/, std::size_t /*offset*/, std::size_t /*length*/ = 1) {}
  void fail(Rule /*rule*/, std::size_t /*offset*/, std::size_t /*length*/ = 1) {}
  void stop(Rule /*rule*/, std::size_t /*offset*/, std::size_t /*length*/ = 1) {}
  void advise(Rule /*rule*/, std::size_t /*offset*/, std::size_t /*length*/) {}
  void finish(Rule /*surplus*/) {}

 private:
  void set(unsigned position, unsigned value) { *flags_ = static_cast<std::uint8_t>(*flags_ | value << position); }
  void copy(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(to_, bytes.data(), bytes.size());
    to_ += bytes.size();
  }

  CodecContext context_;
  std::uint32_t remaining_length_;
  std::uint8_t* first_;
  std::uint8_t* to_;
  std::uint8_t* flags_ = nullptr;
};

}  // namespace mqtk
