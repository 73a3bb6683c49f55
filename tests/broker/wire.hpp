// Packets put together byte by byte as the specifications draw them, independent of lib/codec.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hex.hpp"

namespace mqtk::wire {

using Octets = std::string;

inline Octets hex(std::string_view digits) {
  const auto bytes = from_hex(digits);
  return bytes ? Octets(bytes->begin(), bytes->end()) : Octets("bad hex in a test");
}

inline std::string shown(std::string_view octets) { return to_hex(as_bytes(octets), " "); }

inline Octets u8(unsigned value) { return Octets(1, static_cast<char>(value)); }
inline Octets u16(unsigned value) { return u8(value >> 8U) + u8(value & 0xFFU); }
inline Octets u32(std::uint32_t value) { return u16(value >> 16U) + u16(value & 0xFFFFU); }

inline Octets length(std::size_t value) {
  Octets result;
  for (; value > 127; value /= 128) result += u8(static_cast<unsigned>(value % 128 + 128));
  return result + u8(static_cast<unsigned>(value));
}

// A string or binary data: two bytes of length, then the bytes.
inline Octets text(std::string_view value) { return u16(static_cast<unsigned>(value.size())) + Octets{value}; }

inline Octets packet(unsigned first_byte, const Octets& rest) { return u8(first_byte) + length(rest.size()) + rest; }

// Property Length and properties.
inline Octets properties(const Octets& list) { return length(list.size()) + list; }

struct Will {
  std::string topic;
  std::string payload;
  unsigned qos = 0;
  bool retain = false;
  Octets properties = {};
};

struct Connect {
  std::string id = {};
  unsigned version = 5;
  bool clean = true;
  unsigned keep_alive = 0;
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
  Octets properties = {};
  std::optional<Will> will = {};
};

inline Octets connect(const Connect& connect) {
  unsigned flags = connect.clean ? 0x02 : 0;
  if (connect.will) flags |= 0x04U | (connect.will->qos << 3U) | (connect.will->retain ? 0x20U : 0U);
  if (connect.user_name) flags |= 0x80U;
  if (connect.password) flags |= 0x40U;
  Octets rest = text(connect.version == 3 ? "MQIsdp" : "MQTT") + u8(connect.version) + u8(flags);
  rest += u16(connect.keep_alive);
  if (connect.version == 5) rest += properties(connect.properties);
  rest += text(connect.id);
  if (connect.will) {
    if (connect.version == 5) rest += properties(connect.will->properties);
    rest += text(connect.will->topic) + text(connect.will->payload);
  }
  if (connect.user_name) rest += text(*connect.user_name);
  if (connect.password) rest += text(*connect.password);
  return packet(0x10, rest);
}

struct Publish {
  std::string topic = {};
  std::string payload = {};
  unsigned qos = 0;
  unsigned id = 0;
  bool retain = false;
  bool dup = false;
  std::optional<Octets> properties = Octets{};  // absent before 5.0
};

inline Octets publish(const Publish& publish) {
  const unsigned first = 0x30U | (publish.dup ? 8U : 0U) | (publish.qos << 1U) | (publish.retain ? 1U : 0U);
  Octets rest = text(publish.topic);
  if (publish.qos > 0) rest += u16(publish.id);
  if (publish.properties) rest += properties(*publish.properties);
  return packet(first, rest + publish.payload);
}

struct Filter {
  std::string text;
  unsigned options = 0;
};

inline Octets subscribe(unsigned id, std::initializer_list<Filter> filters, const std::optional<Octets>& list = "") {
  Octets rest = u16(id);
  if (list) rest += properties(*list);
  for (const Filter& filter : filters) rest += text(filter.text) + u8(filter.options);
  return packet(0x82, rest);
}

inline Octets unsubscribe(unsigned id, std::initializer_list<std::string> filters,
                          const std::optional<Octets>& list = "") {
  Octets rest = u16(id);
  if (list) rest += properties(*list);
  for (const std::string& filter : filters) rest += text(filter);
  return packet(0xA2, rest);
}

// Without properties, as before 5.0.
inline constexpr std::nullopt_t old = std::nullopt;

// PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70: identifier alone, which means success.
inline Octets ack(unsigned first_byte, unsigned id) { return packet(first_byte, u16(id)); }
inline Octets ack(unsigned first_byte, unsigned id, unsigned reason) {
  return packet(first_byte, u16(id) + u8(reason));
}

inline Octets user_property(std::string_view name, std::string_view value) { return u8(38) + text(name) + text(value); }

}  // namespace mqtk::wire
