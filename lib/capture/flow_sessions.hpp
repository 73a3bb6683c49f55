// Sessions across the connections of a capture, by server and Client Identifier.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
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
  }

  [[nodiscard]] std::optional<FlowSession> take(const SocketEnd& server, const std::string& client_identifier) {
    return std::exchange(find(server, client_identifier).kept, std::nullopt);
  }

  void closed(const SocketEnd& server, FlowCheck& flow) {
    if (flow.client_identifier().empty()) return;
    Entry& entry = find(server, flow.client_identifier());
    if (entry.open != &flow) return;
    entry.open = nullptr;
    entry.kept = flow.take_session();
    if (!entry.kept) entries_.erase(key(server, flow.client_identifier()));
  }

 private:
  struct Entry {
    FlowCheck* open = nullptr;
    std::optional<FlowSession> kept;
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

  std::map<std::string, Entry> entries_;
};

}  // namespace mqtk
