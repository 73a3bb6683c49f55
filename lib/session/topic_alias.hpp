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
  [[nodiscard]] Rule resolve(Publish& publish, std::uint16_t maximum);

 private:
  std::vector<std::string> topics_;  // by alias - 1; empty: not set
};

// Aliases that this side sets: explicit ones of the caller, or automatic ones for the topics used last. The first
// explicit one switches the automatic ones off.
class OutgoingAliases {
 public:
  // `maximum` is the peer's Topic Alias Maximum; at most `automatic` of them are set without being asked for.
  OutgoingAliases(std::uint16_t maximum, std::uint16_t automatic);

  // Whether the peer allows this alias, and whether an empty topic has a meaning.
  [[nodiscard]] Rule check_explicit(std::uint16_t alias, std::string_view topic) const;
  // A PUBLISH with this explicit alias was sent.
  void note_explicit(std::uint16_t alias);

  // The alias to send with `topic`, 0 for none. With `known` the topic itself is left out.
  struct Choice {
    std::uint16_t alias = 0;
    bool known = false;
  };
  [[nodiscard]] Choice choose(std::string_view topic) const;
  // A PUBLISH was sent as chosen.
  void note(Choice choice, std::string_view topic);

 private:
  struct Entry {
    std::string topic;
    std::uint16_t alias;
  };
  std::uint16_t maximum_;
  std::uint16_t automatic_;
  std::vector<bool> meant_;  // by alias - 1: has been given a meaning
  std::list<Entry> by_use_;  // automatic ones, the one used last comes first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> entries_;  // by topic, views of by_use_
};

}  // namespace mqtk
