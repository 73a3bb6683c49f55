// Sessions across the connections of a capture, by server and Client Identifier.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "capture/flow_check.hpp"
#include "capture/tcp_segment.hpp"

namespace mqtk {

class FlowSessions {
 public:
  // Sessions beyond this are forgotten, the oldest key first: their next connection is then judged less strictly.
  static constexpr std::size_t max_sessions = 10'000;

  // A connection has been accepted; the one that had the identifier before, if it still is open, is told.
  void accepted(const SocketEnd& server, FlowCheck& flow, std::optional<WallTime> time) {
    Entry& entry = find(server, flow.client_identifier());
    if (entry.open != nullptr && entry.open != &flow) entry.open->taken_over(time);
    entry.open = &flow;
    entry.has_ended = false;
  }

  // A client connects: tells `flow` what is known of its Session.
  void asked(const SocketEnd& server, FlowCheck& flow) {
    Entry& entry = find(server, flow.client_identifier());
    const bool certain = is_only_server(server, flow.client_identifier()) && all_seen_;
    if (entry.kept) {
      if (!certain) entry.kept->ended.reset();
      flow.offer_session(std::move(*entry.kept));
    }
    entry.kept.reset();
    if (std::exchange(entry.has_ended, false) && certain) flow.expect_no_session();
  }

  // There are connections that could not be read: any client may have had one.
  void miss() { all_seen_ = false; }

  // Call for each connection that has ended. What to say of it where the client has connected again and again; each
  // time that it has done so twice as often.
  [[nodiscard]] std::string reconnects(const SocketEnd& server, const FlowCheck& flow, std::optional<WallTime> opened,
                                       std::optional<WallTime> ended, std::string_view tcp_end) {
    if (flow.client_identifier().empty() || !opened || !ended) return {};
    if (restarts_.size() >= max_sessions) restarts_.clear();
    Restarts& seen = restarts_[key(server, flow.client_identifier())];
    const std::string why = flow.ending();
    // Who says goodbye does so on purpose.
    const bool is_short = *ended - *opened < longest_short && why != FlowCheck::goodbye;
    const bool is_soon = seen.last_end && *opened - *seen.last_end < soonest_again;
    seen.last_end = ended;
    if (!is_short || !is_soon) {
      seen.count = is_short ? 1 : 0;
      seen.first = opened;
      seen.tell_at = least_told;
      return {};
    }
    if (++seen.count < seen.tell_at) return {};
    seen.tell_at *= 2;
    return fmt::format("client {} has connected {} times in {:.1f} s; the last connection ended: {}",
                       flow.client_identifier(), seen.count,
                       std::chrono::duration<double>(*ended - *seen.first).count(), why.empty() ? tcp_end : why);
  }

  void closed(const SocketEnd& server, FlowCheck& flow, std::optional<WallTime> time) {
    if (flow.client_identifier().empty()) return;
    Entry& entry = find(server, flow.client_identifier());
    if (entry.open != &flow) return;
    entry.open = nullptr;
    entry.kept = flow.take_session(time);
    entry.has_ended = flow.session_has_ended();
    if (!entry.kept && !entry.has_ended) entries_.erase(key(server, flow.client_identifier()));
  }

 private:
  // A client is in a loop when its connections last less than this,
  static constexpr std::chrono::seconds longest_short{10};
  // the next one follows within this,
  static constexpr std::chrono::seconds soonest_again{60};
  // and there have been so many.
  static constexpr std::uint64_t least_told = 3;

  struct Restarts {
    std::uint64_t count = 0;
    std::uint64_t tell_at = least_told;
    std::optional<WallTime> first;
    std::optional<WallTime> last_end;
  };
  struct Entry {
    FlowCheck* open = nullptr;
    std::optional<FlowSession> kept;
    bool has_ended = false;  // the Session, with the last connection
  };

  [[nodiscard]] static std::string key(const SocketEnd& server, const std::string& client_identifier) {
    return server.text() + ' ' + client_identifier;
  }
  [[nodiscard]] Entry& find(const SocketEnd& server, const std::string& client_identifier) {
    if (entries_.size() >= max_sessions) {
      const auto idle = std::ranges::find_if(entries_, [](const auto& entry) { return entry.second.open == nullptr; });
      if (idle != entries_.end()) entries_.erase(idle);
    }
    return entries_[key(server, client_identifier)];
  }

  // One server may listen on several ports: false once the same client has been seen at another.
  [[nodiscard]] bool is_only_server(const SocketEnd& server, const std::string& client_identifier) {
    if (servers_.size() >= max_sessions) return false;
    const auto found = servers_.emplace(client_identifier, server).first;
    if (found->second != server) found->second.reset();
    return found->second.has_value();
  }

  std::map<std::string, Entry> entries_;
  std::map<std::string, Restarts> restarts_;
  std::map<std::string, std::optional<SocketEnd>> servers_;  // the only one of each client, if there is only one
  bool all_seen_ = true;
};

}  // namespace mqtk
