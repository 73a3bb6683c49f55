// The part of FlowCheck that looks back on a connection that has ended.
#include <fmt/format.h>

#include <algorithm>

#include "capture/flow_check.hpp"

namespace mqtk {
namespace {

// Whoever sends other packets so long after a packet has seen it, and is not going to answer it any more.
constexpr std::chrono::seconds certain_after{10};

std::string seconds_text(Duration duration) { return fmt::format("{:.1f} s", to_seconds(duration)); }

std::string_view request_name(FlowEntry::Stage stage) {
  return stage == FlowEntry::Stage::subscribe ? "SUBSCRIBE" : "UNSUBSCRIBE";
}

}  // namespace

void FlowCheck::end(std::vector<FlowProblem>& problems) const {
  const auto add = [&](Rule rule, std::optional<WallTime> since, Role later, const std::string& what) {
    const std::optional<WallTime>& last = last_from_[index(later)];
    if (!since || !last || *last - *since < certain_after) return;
    problems.push_back({rule, "",
                        fmt::format("{}, {} before the last packet of the {}", what, seconds_text(*last - *since),
                                    later == Role::client ? "client" : "server")});
  };
  for (const Role role : {Role::client, Role::server}) {
    // 5.0 only asks servers to close.
    if (role == Role::server && v5()) continue;
    const Violation& first = violations_[index(role)];
    if (first.rule == Rule::none) continue;
    add(Rule::violation_tolerated, first.time, peer_of(role), std::string{rule_info(first.rule).text});
  }
  if (!complete_) return;
  if (pings_ > 0) add(Rule::request_unanswered, first_ping_, Role::server, "PINGREQ");
  add(Rule::request_unanswered, authenticates_again_, Role::server, "AUTH");
  for (const Role role : {Role::client, Role::server}) {
    // In the order of their identifiers, so that the same capture always tells the same.
    std::vector<IdentifierMap<FlowEntry>::Entry> open;
    for (const auto& entry : side(role).in_flight()) open.push_back(entry);
    std::ranges::sort(open, {}, &IdentifierMap<FlowEntry>::Entry::id);
    for (const auto& [id, what] : open) {
      // Once the receiver has answered PUBREC, it is the sender who has to go on.
      const Role answers = what.stage == FlowEntry::Stage::received ? role : peer_of(role);
      const std::string name = fmt::format("Packet Identifier {}", id);
      if (!what.is_message()) {
        add(Rule::request_unanswered, what.time, answers, fmt::format("{} {}", request_name(what.stage), id));
      } else if (!what.earlier_connection) {
        add(Rule::message_unacknowledged, what.time, answers, name);
      } else if (session_resumed_) {
        add(Rule::message_not_sent_again, connected_at_, role, name);
      }
    }
  }
}

void FlowCheck::end_of(Role role, std::optional<WallTime> closed, std::vector<FlowProblem>& problems) const {
  const std::optional<WallTime>& since = disconnected_at_[index(role)];
  if (!complete_ || !since || !closed || *closed - *since < certain_after) return;
  problems.push_back(
      {Rule::connection_kept_after_disconnect, "",
       fmt::format("the {}, for {}", role == Role::client ? "client" : "server", seconds_text(*closed - *since))});
}

std::string FlowCheck::ending() const {
  const auto told = [](std::string_view who, ReasonCode code, PacketType packet, Version version) {
    constexpr std::string_view repeated = "refused: ";
    std::string_view meaning = code_meaning(code, packet, version);
    if (meaning.starts_with(repeated)) meaning.remove_prefix(repeated.size());
    return fmt::format("{}: {} (0x{:02X})", who, meaning, static_cast<unsigned>(code));
  };
  if (refused_) return told("the server refused it", refusal_, PacketType::connack, version_);
  if (disconnected_[index(Role::server)]) {
    return told("the server sent DISCONNECT", disconnect_code_[index(Role::server)], PacketType::disconnect,
                Version::v5);
  }
  if (disconnected_[index(Role::client)]) {
    const ReasonCode code = disconnect_code_[index(Role::client)];
    return code == ReasonCode::success ? std::string{goodbye}
                                       : told("the client sent DISCONNECT", code, PacketType::disconnect, Version::v5);
  }
  if (taken_over_) return "another connection took the Client Identifier over";
  if (connect_seen_ && !connack_seen_) return "there was no CONNACK";
  return "";
}

}  // namespace mqtk
