// Sessions across the connections of a capture, by server and Client Identifier.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "capture/flow_check.hpp"
#include "capture/tcp_segment.hpp"

namespace mqtk {

class FlowSessions {
 public:
  // Sessions beyond these are forgotten, the one that has waited longest first: its next connection is then judged less
  // strictly.
  static constexpr std::size_t max_sessions = 10'000;
  static constexpr std::size_t max_held_bytes = 2U * 1024 * 1024;

  // A connection has been accepted; the one that had the identifier before, if it still is open, is told.
  void accepted(const SocketEnd& server, FlowCheck& flow, std::optional<WallTime> time) {
    Entry& entry = entries_[key(server, flow.client_identifier())];
    if (entry.open != nullptr && entry.open != &flow) entry.open->taken_over(time);
    entry.open = &flow;
    entry.has_ended = false;
    wake(entry);
  }

  // A client connects: tells `flow` what is known of its Session.
  void asked(const SocketEnd& server, FlowCheck& flow) {
    const bool certain = is_only_server(server, flow.client_identifier()) && all_seen_;
    const auto found = entries_.find(key(server, flow.client_identifier()));
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    if (entry.kept) {
      if (!certain) entry.kept->ended.reset();
      flow.offer_session(std::move(*entry.kept));
    }
    if (std::exchange(entry.has_ended, false) && certain) flow.expect_no_session();
    wake(entry);
    if (entry.open == nullptr) entries_.erase(found);
  }

  // There are connections that could not be read: any client may have had one.
  void miss() { all_seen_ = false; }

  // Call for each connection that has ended. What to say of it where the client has connected again and again; each
  // time that it has done so twice as often.
  [[nodiscard]] std::string reconnects(const SocketEnd& server, const FlowCheck& flow, std::optional<WallTime> opened,
                                       std::optional<WallTime> ended, std::string_view tcp_end) {
    if (flow.client_identifier().empty() || !opened || !ended) return {};
    std::string name = key(server, flow.client_identifier());
    if (restarts_.size() >= max_sessions || restart_bytes_ > max_held_bytes) {
      restarts_.clear();
      restart_bytes_ = 0;
    }
    const auto [restart, is_new] = restarts_.try_emplace(std::move(name));
    if (is_new) restart_bytes_ += restart->first.size() + sizeof(*restart) + map_node_bytes;
    Restarts& seen = restart->second;
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
                       flow.client_identifier(), seen.count, to_seconds(*ended - *seen.first),
                       why.empty() ? tcp_end : why);
  }

  void closed(const SocketEnd& server, FlowCheck& flow, std::optional<WallTime> time) {
    if (flow.client_identifier().empty()) return;
    const auto found = entries_.find(key(server, flow.client_identifier()));
    if (found == entries_.end() || found->second.open != &flow) return;
    Entry& entry = found->second;
    entry.open = nullptr;
    if (auto kept = flow.take_session(time)) entry.kept = std::make_unique<FlowSession>(std::move(*kept));
    entry.has_ended = flow.session_has_ended();
    if (entry.kept || entry.has_ended) {
      wait(found);
    } else {
      entries_.erase(found);
    }
  }

  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

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
    std::unique_ptr<FlowSession> kept;
    bool has_ended = false;      // the Session, with the last connection
    std::uint64_t waits = 0;     // its place in waiting_; 0: it is not there
    std::size_t held_bytes = 0;  // while it waits
  };
  using Entries = std::map<std::string, Entry>;

  [[nodiscard]] static std::string key(const SocketEnd& server, const std::string& client_identifier) {
    return server.text() + ' ' + client_identifier;
  }
  // For the client's next connection.
  void wait(Entries::iterator which) {
    Entry& entry = which->second;
    entry.waits = ++last_place_;
    entry.held_bytes = which->first.size() + sizeof(*which) + 2 * map_node_bytes;
    if (entry.kept) entry.held_bytes += sizeof(FlowSession) + entry.kept->held_bytes();
    held_bytes_ += entry.held_bytes;
    waiting_.emplace(entry.waits, which);
    while (waiting_.size() > max_sessions || held_bytes_ > max_held_bytes) {
      const auto oldest = waiting_.begin()->second;
      wake(oldest->second);
      entries_.erase(oldest);
    }
  }
  void wake(Entry& entry) {
    entry.kept.reset();
    if (entry.waits == 0) return;
    waiting_.erase(std::exchange(entry.waits, 0));
    held_bytes_ -= std::exchange(entry.held_bytes, 0);
  }

  // One server may listen on several ports: false once the same client has been seen at another.
  [[nodiscard]] bool is_only_server(const SocketEnd& server, const std::string& client_identifier) {
    if (servers_.size() >= max_sessions || server_bytes_ > max_held_bytes) return false;
    const auto [found, is_new] = servers_.emplace(client_identifier, server);
    if (is_new) server_bytes_ += client_identifier.size() + sizeof(*found) + map_node_bytes;
    if (found->second != server) found->second.reset();
    return found->second.has_value();
  }

  Entries entries_;
  std::map<std::uint64_t, Entries::iterator> waiting_;  // entries without a connection, by the order of their ends
  std::uint64_t last_place_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t restart_bytes_ = 0;
  std::size_t server_bytes_ = 0;
  std::map<std::string, Restarts> restarts_;
  std::map<std::string, std::optional<SocketEnd>> servers_;  // the only one of each client, if there is only one
  bool all_seen_ = true;
};

}  // namespace mqtk
