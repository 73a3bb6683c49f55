// Why somebody does not get a message that was published.
#pragma once

#include <cstdint>
#include <string_view>

namespace mqtk {

enum class DropReason : std::uint8_t {
  slow_receiver,  // QoS 0: too much waits for the network already
  queue_full,     // the Session's queue is at its limit
  too_large,      // more than the receiver's Maximum Packet Size
  expired,        // the Message Expiry Interval ran out while the message waited
  session_ended,  // the receiver's Session ended while the message waited
  refused,        // by the broker, with a Reason Code: nobody gets it
};
inline constexpr std::size_t drop_reason_count = 6;

// "slow_receiver": in topics, metrics and JSON.
[[nodiscard]] std::string_view drop_reason_name(DropReason reason);
// For people.
[[nodiscard]] std::string_view drop_reason_text(DropReason reason);

}  // namespace mqtk
