// What --statistics prints: counts by type, topic, client and rule, latencies, what was never answered, and what TCP
// had to send again.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/capture_decoder.hpp"
#include "capture/flow_check.hpp"
#include "capture/latency_counts.hpp"
#include "capture/packet_record.hpp"

namespace mqtk::cli {

class PacketStatistics {
 public:
  // Topics and clients beyond these are counted together.
  static constexpr std::size_t max_topics = 10'000;
  static constexpr std::size_t max_clients = 10'000;
  static constexpr std::size_t max_name_bytes = 1024U * 1024;  // of all topics, and of all clients
  static constexpr std::size_t max_unanswered = 1'000;
  static constexpr std::size_t shown_rows = 20;

  void count(const PacketRecord& record, const FlowCheck* flow);
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time);
  void append(std::string& out) const;
  // The same as one line of JSON, with all rows.
  void append_json(std::string& out) const;

 private:
  struct Topic {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  // of payloads
    std::uint64_t retained = 0;
    std::array<std::uint64_t, 3> qos{};
  };
  struct Client {
    std::uint64_t connections = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t resets = 0;
    Duration longest_silence{0};
    std::optional<WallTime> last;
    std::string last_end;
  };

  [[nodiscard]] Topic& topic(std::string_view name);
  [[nodiscard]] Client& client(const std::string& name);
  void name_connects(std::uint64_t stream, Client& who);
  void append_types(std::string& out) const;
  // The largest first.
  [[nodiscard]] std::vector<const std::pair<const std::string, Topic>*> by_messages() const;
  [[nodiscard]] std::vector<const std::pair<const std::string, Client>*> by_packets() const;
  void append_topics(std::string& out) const;
  void append_topics_json(std::string& out) const;
  void append_clients(std::string& out) const;
  void append_clients_json(std::string& out) const;
  void append_rules(std::string& out) const;
  void append_latency(std::string& out) const;

  std::array<std::uint64_t, 16> types_{};
  std::array<std::uint64_t, 16> type_bytes_{};
  std::unordered_map<std::string, Topic> topics_;
  std::unordered_map<std::string, Client> clients_;
  // By stream: CONNECT packets without a Client Identifier count for the client that the broker makes of them.
  std::unordered_map<std::uint64_t, Client> unnamed_;
  std::size_t topic_bytes_ = 0;
  std::size_t client_bytes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> rules_;
  std::array<LatencyCounts, 16> latencies_;  // by the type of the answer
  std::vector<std::string> unanswered_;
  std::uint64_t unanswered_count_ = 0;
  std::uint64_t duplicates_ = 0;
  TcpCounts tcp_;
  std::optional<WallTime> first_;
  std::optional<WallTime> last_;
};

}  // namespace mqtk::cli
