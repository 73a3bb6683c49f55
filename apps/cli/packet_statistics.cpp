#include "cli/packet_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/quoted_text.hpp"
#include "codec/reason_code.hpp"
#include "codec/rule.hpp"

namespace mqtk::cli {
namespace {

constexpr std::string_view others = "(others)";

std::string short_time(Duration duration) {
  const double value = to_seconds(duration);
  if (value < 1e-3) return fmt::format("{:.1f} us", value * 1e6);
  if (value < 1) return fmt::format("{:.2f} ms", value * 1e3);
  return fmt::format("{:.2f} s", value);
}

// Names come from the wire.
std::string shown(std::string_view name) {
  std::string out;
  append_quoted(out, as_bytes(name), 60);
  return out;
}

template <class Map, class Value>
std::vector<typename Map::const_pointer> largest(const Map& map, Value value) {
  std::vector<typename Map::const_pointer> rows;
  for (const auto& entry : map) rows.push_back(&entry);
  std::ranges::sort(rows, [&](const auto* a, const auto* b) {
    return value(*a) != value(*b) ? value(*a) > value(*b) : a->first < b->first;
  });
  return rows;
}

std::string_view stage_text(FlowEntry::Stage stage) {
  switch (stage) {
    case FlowEntry::Stage::published_qos_1: return "PUBLISH without PUBACK";
    case FlowEntry::Stage::published_qos_2: return "PUBLISH without PUBREC";
    case FlowEntry::Stage::received: return "PUBREC without PUBREL";
    case FlowEntry::Stage::released: return "PUBREL without PUBCOMP";
    case FlowEntry::Stage::subscribe: return "SUBSCRIBE without SUBACK";
    case FlowEntry::Stage::unsubscribe: return "UNSUBSCRIBE without UNSUBACK";
  }
  return "";
}

std::string_view end_text(ConnectionEnd end) {
  switch (end) {
    case ConnectionEnd::finished: return "closed";
    case ConnectionEnd::reset: return "reset by RST";
    case ConnectionEnd::replaced: return "replaced by a new connection";
    case ConnectionEnd::capture_end: return "open at the end";
  }
  return "";
}

}  // namespace

PacketStatistics::Topic& PacketStatistics::topic(std::string_view name) {
  std::string key{name};
  const auto found = topics_.find(key);
  if (found != topics_.end()) return found->second;
  if (topics_.size() >= max_topics || topic_bytes_ + key.size() > max_name_bytes) return topics_[std::string{others}];
  topic_bytes_ += key.size();
  return topics_[std::move(key)];
}

PacketStatistics::Client& PacketStatistics::client(const std::string& name) {
  const auto found = clients_.find(name);
  if (found != clients_.end()) return found->second;
  if (clients_.size() >= max_clients || client_bytes_ + name.size() > max_name_bytes) {
    return clients_[std::string{others}];
  }
  client_bytes_ += name.size();
  return clients_[name];
}

void PacketStatistics::name_connects(std::uint64_t stream, Client& who) {
  if (unnamed_.empty()) return;
  const auto found = unnamed_.find(stream);
  if (found == unnamed_.end()) return;
  who.connections += found->second.connections;
  who.packets += found->second.packets;
  who.bytes += found->second.bytes;
  if (!who.last) who.last = found->second.last;
  unnamed_.erase(found);
}

void PacketStatistics::count(const PacketRecord& record, const FlowCheck* flow) {
  const auto type = static_cast<std::size_t>(record.type) & 15U;
  ++types_[type];
  type_bytes_[type] += record.bytes.size();
  if (record.time) {
    if (!first_) first_ = record.time;
    last_ = record.time;
  }
  for (const Problem& problem : record.problems) ++rules_[std::string{rule_info(problem.fault.rule).name}];
  if (const auto* publish = record.packet == nullptr ? nullptr : std::get_if<Publish>(record.packet)) {
    Topic& to = topic(publish->topic_name.empty() ? record.alias_topic : publish->topic_name);
    ++to.messages;
    to.bytes += publish->payload.size();
    to.retained += publish->retain ? 1 : 0;
    ++to.qos[static_cast<std::size_t>(publish->qos)];
    duplicates_ += publish->dup ? 1 : 0;
  }
  if (flow == nullptr) return;
  if (const auto latency = flow->latency()) latencies_[type].record(*latency);
  const bool is_unnamed = record.type == PacketType::connect && flow->client_identifier().empty();
  Client& who = is_unnamed ? unnamed_[record.stream] : client(flow->client_identifier());
  if (!is_unnamed) name_connects(record.stream, who);
  ++who.packets;
  who.bytes += record.bytes.size();
  if (record.type == PacketType::connect) ++who.connections;
  if (record.sender == Role::client) {
    if (who.last && record.time && record.type != PacketType::connect) {
      who.longest_silence = std::max(who.longest_silence, *record.time - *who.last);
    }
    who.last = record.time;
  }
  if (const auto* disconnect = record.packet == nullptr ? nullptr : std::get_if<Disconnect>(record.packet)) {
    who.last_end = fmt::format("DISCONNECT from the {}: {}", record.sender == Role::client ? "client" : "server",
                               code_meaning(disconnect->reason_code, PacketType::disconnect, record.version));
  }
  if (const auto* connack = record.packet == nullptr ? nullptr : std::get_if<Connack>(record.packet);
      connack != nullptr && connack->reason_code != ReasonCode::success) {
    who.last_end = fmt::format("refused: {}", code_meaning(connack->reason_code, PacketType::connack, record.version));
  }
}

void PacketStatistics::closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client_counts,
                              const TcpCounts& server_counts, const FlowCheck& flow, std::optional<WallTime> time) {
  for (const TcpCounts* counts : {&client_counts, &server_counts}) {
    tcp_.segments += counts->segments;
    tcp_.retransmitted += counts->retransmitted;
    tcp_.out_of_order += counts->out_of_order;
    tcp_.missing_bytes += counts->missing_bytes;
  }
  Client& who = client(flow.client_identifier());
  name_connects(stream, who);
  who.resets += end == ConnectionEnd::reset ? 1 : 0;
  if (end == ConnectionEnd::reset || who.last_end.empty()) who.last_end = end_text(end);
  who.last.reset();
  for (const Role role : {Role::client, Role::server}) {
    for (const auto& [id, what] : flow.side(role).in_flight()) {
      ++unanswered_count_;
      if (unanswered_.size() >= max_unanswered) continue;
      std::string line = fmt::format("stream {}, id {}: {}", stream, id, stage_text(what.stage));
      if (what.time && time) line += fmt::format(", for {}", short_time(*time - *what.time));
      unanswered_.push_back(std::move(line));
    }
  }
  if (const unsigned pings = flow.pings_unanswered(); pings > 0 && end != ConnectionEnd::capture_end) {
    ++unanswered_count_;
    if (unanswered_.size() < max_unanswered) {
      unanswered_.push_back(fmt::format("stream {}: {} PINGREQ without PINGRESP", stream, pings));
    }
  }
}

std::vector<const std::pair<const std::string, PacketStatistics::Topic>*> PacketStatistics::by_messages() const {
  return largest(topics_, [](const auto& entry) { return entry.second.messages; });
}

std::vector<const std::pair<const std::string, PacketStatistics::Client>*> PacketStatistics::by_packets() const {
  return largest(clients_, [](const auto& entry) { return entry.second.packets; });
}

void PacketStatistics::append_types(std::string& out) const {
  append_format(out, "{:<12} {:>10} {:>14}\n", "TYPE", "PACKETS", "BYTES");
  for (std::size_t type = 0; type < types_.size(); ++type) {
    if (types_[type] == 0) continue;
    append_format(out, "{:<12} {:>10} {:>14}\n", packet_type_name(static_cast<PacketType>(type)), types_[type],
                  type_bytes_[type]);
  }
  if (first_ && last_ && *last_ > *first_) {
    append_format(out, "in {}, from {} to {}\n", short_time(*last_ - *first_), rfc3339(*first_), rfc3339(*last_));
  }
}

void PacketStatistics::append_topics(std::string& out) const {
  if (topics_.empty()) return;
  const double span = first_ && last_ ? to_seconds(*last_ - *first_) : 0;
  append_format(out, "\n{:>10} {:>12} {:>10} {:>9} {:>20}  {}\n", "MESSAGES", "PAYLOAD", "PER SECOND", "RETAINED",
                "QOS 0/1/2", "TOPIC");
  const auto rows = by_messages();
  for (std::size_t i = 0; i < std::min(rows.size(), shown_rows); ++i) {
    const auto& [name, counts] = *rows[i];
    const std::string rate = span > 0 ? fmt::format("{:.1f}", static_cast<double>(counts.messages) / span) : "-";
    append_format(out, "{:>10} {:>12} {:>10} {:>9} {:>20}  {}\n", counts.messages, counts.bytes, rate, counts.retained,
                  fmt::format("{}/{}/{}", counts.qos[0], counts.qos[1], counts.qos[2]),
                  name.empty() ? "(unknown alias)" : shown(name));
  }
  if (rows.size() > shown_rows) append_format(out, "and {} topics more\n", rows.size() - shown_rows);
}

void PacketStatistics::append_clients(std::string& out) const {
  if (clients_.empty()) return;
  append_format(out, "\n{:>11} {:>10} {:>14} {:>7} {:>12}  {:<26} {}\n", "CONNECTIONS", "PACKETS", "BYTES", "RESETS",
                "LONGEST GAP", "CLIENT", "LAST END");
  const auto rows = by_packets();
  for (std::size_t i = 0; i < std::min(rows.size(), shown_rows); ++i) {
    const auto& [name, counts] = *rows[i];
    append_format(out, "{:>11} {:>10} {:>14} {:>7} {:>12}  {:<26} {}\n", counts.connections, counts.packets,
                  counts.bytes, counts.resets, short_time(counts.longest_silence), shown(name), counts.last_end);
  }
  if (rows.size() > shown_rows) append_format(out, "and {} clients more\n", rows.size() - shown_rows);
}

void PacketStatistics::append_rules(std::string& out) const {
  if (rules_.empty()) return;
  append_format(out, "\n{:>10}  {}\n", "PROBLEMS", "RULE");
  for (const auto* row : largest(rules_, [](const auto& entry) { return entry.second; })) {
    append_format(out, "{:>10}  {}\n", row->second, row->first);
  }
}

void PacketStatistics::append_latency(std::string& out) const {
  bool headed = false;
  for (std::size_t type = 0; type < latencies_.size(); ++type) {
    const LatencyCounts& counts = latencies_[type];
    if (counts.total() == 0) continue;
    if (!headed) {
      append_format(out, "\n{:<12} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "ANSWER", "COUNT", "50 %", "90 %", "99 %",
                    "MAX");
    }
    headed = true;
    append_format(out, "{:<12} {:>10} {:>10} {:>10} {:>10} {:>10}\n", packet_type_name(static_cast<PacketType>(type)),
                  counts.total(), short_time(counts.percentile(0.5)), short_time(counts.percentile(0.9)),
                  short_time(counts.percentile(0.99)), short_time(counts.percentile(1.0)));
  }
}

void PacketStatistics::append(std::string& out) const {
  append_types(out);
  append_topics(out);
  append_clients(out);
  append_latency(out);
  append_rules(out);
  if (unanswered_count_ > 0) append_format(out, "\n{} not answered:\n", unanswered_count_);
  for (std::size_t i = 0; i < std::min(unanswered_.size(), shown_rows); ++i)
    append_format(out, "  {}\n", unanswered_[i]);
  if (unanswered_.size() > shown_rows) append_format(out, "  and {} more\n", unanswered_count_ - shown_rows);
  if (duplicates_ > 0) append_format(out, "\n{} PUBLISH with DUP\n", duplicates_);
  if (tcp_.segments > 0) {
    append_format(out, "\nTCP: {} segments with data, {} sent again, {} out of order, {} bytes missing\n",
                  tcp_.segments, tcp_.retransmitted, tcp_.out_of_order, tcp_.missing_bytes);
  }
}

}  // namespace mqtk::cli
