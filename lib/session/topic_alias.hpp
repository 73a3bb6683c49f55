// Topic Aliases of one connection, one table per direction. They die with the connection [MQTT-3.3.2-7].
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codec/packet.hpp"
#include "codec/rule.hpp"

namespace mqtk {

// Aliases that the peer sets. Grows to the highest alias used, at most to the maximum that this side announced.
class IncomingAliases {
 public:
  // Sets or looks up the alias that `publish` carries, if any, and puts the topic in place; the view in `publish` is
  // valid until the alias is set anew.
  [[nodiscard]] Fault resolve(Publish& publish, std::uint16_t maximum);

 private:
  std::vector<std::string> topics_;  // by alias - 1; empty: not set
};

// Aliases that this side sets: explicit ones of the caller, or automatic ones for the topics used last.
class OutgoingAliases {
 public:
  explicit OutgoingAliases(std::uint16_t maximum, std::uint16_t automatic);

  // Whether the peer allows the alias, and whether an empty topic has been given a meaning. Notes a new meaning.
  [[nodiscard]] Fault check_explicit(std::uint16_t alias, std::string_view topic);

  // The alias to send with `topic`, 0 for none. With `known` the topic itself may be left out.
  struct Choice {
    std::uint16_t alias;
    bool known;
  };
  [[nodiscard]] Choice choose(std::string_view topic);

 private:
  struct Slot {
    std::string topic;
    std::list<std::uint16_t>::iterator place;
  };
  std::uint16_t maximum_;
  std::uint16_t automatic_;
  std::vector<Slot> slots_;                                      // by alias - 1
  std::list<std::uint16_t> by_use_;                              // the alias used last comes first
  std::unordered_map<std::string_view, std::uint16_t> aliases_;  // views of slots_
};

}  // namespace mqtk
