// Which published messages have come back from the broker.
//
// Remembers a hash of each, not the message: two messages that are alike count as two.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "codec/packet.hpp"

namespace mqtk::pub {

class Confirmation {
 public:
  enum class Listening : std::uint8_t { no, asked, yes };

  // Whether a subscription to `topic` is there.
  [[nodiscard]] Listening listening(std::string_view topic) const;
  void asked(std::string_view topic) { topics_.insert_or_assign(std::string{topic}, Listening::asked); }
  // All that was asked for is granted.
  void granted();

  void published(const Publish& message);
  void came_back(const Publish& message);

  // Published and not come back.
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

 private:
  std::map<std::string, Listening, std::less<>> topics_;
  std::unordered_map<std::uint64_t, std::uint64_t> messages_;  // hash to count
  std::uint64_t outstanding_ = 0;
};

}  // namespace mqtk::pub
