// Packets that many tests of this folder start from, written by hand.
#pragma once

#include <string_view>

#include "session/delivery.hpp"

namespace mqtk::test {

// CONNECT of client "c" with Keep Alive 0: Clean Start 1, and Clean Start 0 with Session Expiry Interval 100.
inline constexpr std::string_view connect_v5 = "10 0e 00 04 4d 51 54 54 05 02 00 00 00 00 01 63";
inline constexpr std::string_view connect_v5_kept = "10 13 00 04 4d 51 54 54 05 00 00 00 05 11 00 00 00 64 00 01 63";
// Likewise with Authentication Method "m".
inline constexpr std::string_view connect_v5_method = "10 12 00 04 4d 51 54 54 05 02 00 00 04 15 00 01 6d 00 01 63";
inline constexpr std::string_view connect_v311 = "10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 63";
inline constexpr std::string_view connect_v311_kept = "10 0d 00 04 4d 51 54 54 04 00 00 00 00 01 63";

inline constexpr std::string_view connack_v5 = "20 03 00 00 00";
inline constexpr std::string_view connack_v5_present = "20 03 01 00 00";
inline constexpr std::string_view connack_v311 = "20 02 00 00";
inline constexpr std::string_view connack_v311_present = "20 02 01 00";

inline Publish message_to(std::string_view topic, std::string_view payload = {}) {
  Publish publish;
  publish.topic_name = topic;
  publish.payload = as_bytes(payload);
  return publish;
}

inline Delivery delivery_to(std::string_view topic, QoS qos, Tag tag = 0, std::string_view payload = {},
                            PropertyBlock properties = {}, TimePoint received_at = TimePoint{std::chrono::hours{1}}) {
  Publish publish = message_to(topic, payload);
  publish.qos = qos;
  publish.properties = properties;
  Delivery delivery;
  delivery.message = ApplicationMessage::make(publish, received_at);
  delivery.qos = qos;
  delivery.tag = tag;
  return delivery;
}

}  // namespace mqtk::test
