// The faults that are to be injected, and which of them strikes a packet. Decisions depend on the order of the packets
// and the seeds alone: the same run repeats exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/fault_rule.hpp"
#include "codec/packet.hpp"

namespace mqtk {

class FaultRules {
 public:
  // For rules that have no seed of their own.
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  // Rules are tried in the order in which they were added, and the first that strikes counts. Returns its number, from
  // 1.
  std::size_t add(FaultRule rule);
  void clear() { rules_.clear(); }

  struct Entry {
    FaultRule rule;
    std::uint64_t number = 0;
    std::uint64_t met = 0;       // packets that it is about
    std::uint64_t injected = 0;  // of them struck
    std::uint64_t random = 0;

    [[nodiscard]] std::uint64_t next_random();
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return rules_; }

  // Null: the packet passes. Valid until the rules change.
  Entry* strike(std::string_view client_identifier, const Packet& packet, PacketType type, PacketDirection direction);

 private:
  std::vector<Entry> rules_;
  std::uint64_t seed_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace mqtk
