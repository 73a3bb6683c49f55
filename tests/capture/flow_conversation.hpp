// Conversations of client and server as text, to a FlowCheck: what it finds in them.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hex.hpp"
#include "capture/flow_check.hpp"
#include "codec/codec.hpp"

namespace mqtk {

// One packet, as text: "C 10…" is one of the client, "S 20…" one of the server. What it is comes back.
inline PacketType take_packet(FlowCheck& flow, std::string_view step, WallTime now,
                              std::vector<FlowProblem>& problems) {
  std::string digits;
  for (const char c : step.substr(1)) {
    if (c != ' ') digits += c;
  }
  const std::vector<std::uint8_t> bytes = from_hex(digits).value();
  const Role sender = step[0] == 'C' ? Role::client : Role::server;
  Packet packet;
  const Fault fault = decode(bytes, {flow.version(), sender}, packet);
  CAPTURE(step);
  REQUIRE(fault.rule == Rule::none);
  flow.take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), now}, problems);
  return packet_type(packet);
}

// A conversation as text: "C 10…" is a packet of the client, "S 20…" one of the server, "+5" five seconds of silence,
// "lost" a gap in the capture, "end" the end of the connection, "new" another connection of the same client to the same
// server.
inline std::vector<FlowProblem> play(std::initializer_list<std::string_view> steps, bool start_seen = true) {
  std::vector<FlowProblem> problems;
  auto flow = std::make_unique<FlowCheck>(start_seen);
  std::optional<FlowSession> session;
  bool ended = false;
  WallTime now{};
  for (const std::string_view step : steps) {
    if (step.starts_with('+')) {
      now += std::chrono::seconds{std::stoi(std::string{step.substr(1)})};
      continue;
    }
    if (step == "lost") {
      flow->lose();
      continue;
    }
    if (step == "end") {
      flow->end(problems);
      continue;
    }
    if (step == "taken over") {
      flow->taken_over(now);
      continue;
    }
    if (step == "new") {
      session = flow->take_session(now);
      ended = flow->session_has_ended();
      flow = std::make_unique<FlowCheck>(true);
      continue;
    }
    const PacketType type = take_packet(*flow, step, now, problems);
    if (type == PacketType::connect && session) flow->offer_session(*std::exchange(session, {}));
    if (type == PacketType::connect && ended) flow->expect_no_session();
  }
  return problems;
}

inline std::string rules(std::initializer_list<std::string_view> steps, bool start_seen = true) {
  std::string names;
  for (const FlowProblem& problem : play(steps, start_seen)) {
    if (!names.empty()) names += ' ';
    names += rule_info(problem.rule).name;
  }
  return names;
}

// 5.0: Clean Start, Keep Alive 10, client "a", no properties; and its CONNACK.
inline constexpr std::string_view connect = "C 10 0e 0004 4d515454 05 02 000a 00 0001 61";
inline constexpr std::string_view connack = "S 20 03 00 00 00";
// 5.0: Clean Start 0, Session Expiry Interval 100.
inline constexpr std::string_view connect_resume = "C 10 13 0004 4d515454 05 00 000a 05 1100000064 0001 61";
inline constexpr std::string_view connack_present = "S 20 03 01 00 00";
// 3.1.1: Clean Session, and not.
inline constexpr std::string_view connect_3 = "C 10 0d 0004 4d515454 04 02 000a 0001 61";
inline constexpr std::string_view connack_3 = "S 20 02 00 00";

inline constexpr std::string_view subscribe_a_q1 = "C 82 07 0001 00 0001 61 01";  // "a", QoS 1, id 1
inline constexpr std::string_view suback_q1 = "S 90 04 0001 00 01";

}  // namespace mqtk
