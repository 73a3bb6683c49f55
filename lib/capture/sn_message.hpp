// One message of MQTT-SN 1.2 with every field of it, and what is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "codec/types.hpp"

namespace mqtk {

enum class SnType : std::uint8_t {
  advertise = 0x00,
  searchgw = 0x01,
  gwinfo = 0x02,
  connect = 0x04,
  connack = 0x05,
  willtopicreq = 0x06,
  willtopic = 0x07,
  willmsgreq = 0x08,
  willmsg = 0x09,
  register_topic = 0x0A,
  regack = 0x0B,
  publish = 0x0C,
  puback = 0x0D,
  pubcomp = 0x0E,
  pubrec = 0x0F,
  pubrel = 0x10,
  subscribe = 0x12,
  suback = 0x13,
  unsubscribe = 0x14,
  unsuback = 0x15,
  pingreq = 0x16,
  pingresp = 0x17,
  disconnect = 0x18,
  willtopicupd = 0x1A,
  willtopicresp = 0x1B,
  willmsgupd = 0x1C,
  willmsgresp = 0x1D,
  encapsulated = 0xFE,
};

struct SnField {
  enum class Kind : std::uint8_t { number, text, bytes, flags };
  std::string_view name;  // the specification's
  Kind kind{};
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t value = 0;     // of numbers and flags
  std::string_view meaning{};  // of a number that stands for something
};

struct SnProblem {
  std::uint32_t offset = 0;
  std::string text;
};

// A view of `bytes`.
struct SnMessage {
  Bytes bytes;
  SnType type{};
  std::string_view name;        // "PUBLISH"; "reserved 0x11"'s is "RESERVED"
  Role sender = Role::unknown;  // where only one side sends such messages: the gateway counts as the server
  std::vector<SnField> fields;
  std::vector<SnProblem> problems;

  [[nodiscard]] const SnField* find(std::string_view field) const;
  [[nodiscard]] std::uint32_t number(std::string_view field) const;
  // Of Flags, 0 if there are none: 0 normal, 1 predefined, 2 short.
  [[nodiscard]] unsigned topic_id_type() const;
  [[nodiscard]] std::string_view text(std::string_view field) const;
};

// Of the message at the front of `ahead`: its Length, or nothing where that cannot be.
[[nodiscard]] std::optional<std::size_t> sn_length(Bytes ahead);

// The message at the front of `ahead`; what an Encapsulated message forwards is a message of its own behind it.
[[nodiscard]] SnMessage read_sn(Bytes ahead);

}  // namespace mqtk
