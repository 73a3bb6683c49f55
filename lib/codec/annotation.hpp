// What stands where in a packet: the reading of the description that inspect shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/rule.hpp"

namespace mqtk {

enum class FieldKind : std::uint8_t {
  header,  // packet type, Remaining Length
  flags,   // a byte made of bits; its bits follow as children
  bits,    // part of a flags byte
  integer,
  length,  // length prefix of a string, of binary data, of properties
  text,
  binary,
  reason_code,
  property,  // a whole property; identifier and value follow as children
  group,     // several fields under one name: Properties, Will, one subscription
};

// Annotations come in wire order, parents before children. Innermost fields tile the packet: every byte is in exactly
// one of them, bits of flags bytes likewise.
struct Annotation {
  std::uint32_t offset = 0;  // from the packet's first byte
  std::uint32_t length = 0;  // bytes
  std::uint8_t depth = 0;    // 0 for the outermost
  FieldKind kind = FieldKind::integer;
  std::uint8_t bit_first = 0;  // bits only: lowest bit
  std::uint8_t bit_count = 0;  // bits only
  bool has_children = false;
  std::string_view name;  // "Packet Identifier"; static storage
  std::string value;      // as text: 10, "a/b" without quotes, "5 bytes"; empty for groups
  std::string meaning;    // what the value stands for, empty if it speaks for itself: "Not authorized"
};

struct Problem {
  Fault fault;               // rule and offset
  std::uint32_t length = 0;  // bytes concerned, 0 if something is missing at `offset`
  std::string detail = {};  // what was found and what is allowed, where the rule does not say it: "QoS 2, 1 is allowed"
};

// Nothing is read behind the last problem or annotation that has room: noise may well be a packet of a million faults.
struct AnnotatedPacket {
  static constexpr std::size_t max_problems = 100;
  static constexpr std::size_t max_annotations = 40'000;  // about; the entry of a list that reaches it is whole

  std::vector<Annotation> annotations;
  std::vector<Problem> problems;  // in the order found; the first is what decode() reports
};

}  // namespace mqtk
