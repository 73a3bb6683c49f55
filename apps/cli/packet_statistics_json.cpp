#include <fmt/format.h>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "capture/properties_json.hpp"
#include "cli/packet_statistics.hpp"

namespace mqtk::cli {
namespace {

// A list of what `write` makes of each entry that it does not leave out by returning false.
template <class List, class Write>
void append_list(std::string& out, std::string_view name, const List& list, Write write) {
  append_format(out, ",\"{}\":[", name);
  bool is_first = true;
  for (const auto& entry : list) {
    const std::size_t before = out.size();
    if (!is_first) out += ',';
    if (write(entry)) {
      is_first = false;
    } else {
      out.resize(before);
    }
  }
  out += ']';
}

constexpr std::array<std::size_t, 16> type_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

}  // namespace

void PacketStatistics::append_json(std::string& out) const {
  out += R"({"statistics":{"first_time":)";
  out += first_ ? fmt::format("\"{}\"", rfc3339(*first_)) : "null";
  out += R"(,"last_time":)";
  out += last_ ? fmt::format("\"{}\"", rfc3339(*last_)) : "null";
  append_list(out, "types", type_numbers, [&](std::size_t type) {
    append_format(out, R"({{"type":"{}","packets":{},"bytes":{}}})", packet_type_name(static_cast<PacketType>(type)),
                  types_[type], type_bytes_[type]);
    return types_[type] > 0;
  });
  append_topics_json(out);
  append_clients_json(out);
  append_list(out, "latencies", type_numbers, [&](std::size_t type) {
    const LatencyCounts& counts = latencies_[type];
    if (counts.total() == 0) return false;
    append_format(out, R"({{"answer":"{}","count":{},"p50_seconds":{},"p90_seconds":{},"p99_seconds":{},)",
                  packet_type_name(static_cast<PacketType>(type)), counts.total(), to_seconds(counts.percentile(0.5)),
                  to_seconds(counts.percentile(0.9)), to_seconds(counts.percentile(0.99)));
    append_format(out, R"("max_seconds":{}}})", to_seconds(counts.percentile(1.0)));
    return true;
  });
  append_list(out, "rules", rules_, [&](const auto& entry) {
    append_format(out, R"({{"rule":"{}","problems":{}}})", entry.first, entry.second);
    return true;
  });
  append_format(out, R"(,"unanswered":{})", unanswered_count_);
  append_list(out, "unanswered_packets", unanswered_, [&](const std::string& text) {
    append_json_string(out, text);
    return true;
  });
  append_format(out, R"(,"duplicates":{},"tcp":{{"segments":{},"retransmitted":{},"out_of_order":{},)", duplicates_,
                tcp_.segments, tcp_.retransmitted, tcp_.out_of_order);
  append_format(out, "\"missing_bytes\":{}}}}}}}\n", tcp_.missing_bytes);
}

void PacketStatistics::append_topics_json(std::string& out) const {
  append_list(out, "topics", by_messages(), [&](const auto* row) {
    const auto& [name, counts] = *row;
    out += R"({"topic":)";
    if (name.empty()) {
      out += "null";
    } else {
      append_json_element(out, name);
    }
    append_format(out, R"(,"messages":{},"payload_bytes":{},"retained":{},"qos":[{},{},{}]}})", counts.messages,
                  counts.bytes, counts.retained, counts.qos[0], counts.qos[1], counts.qos[2]);
    return true;
  });
}

void PacketStatistics::append_clients_json(std::string& out) const {
  append_list(out, "clients", by_packets(), [&](const auto* row) {
    const auto& [name, counts] = *row;
    out += R"({"client_identifier":)";
    append_json_element(out, name);
    append_format(out, R"(,"connections":{},"packets":{},"bytes":{},"resets":{},"longest_gap_seconds":{},)",
                  counts.connections, counts.packets, counts.bytes, counts.resets, to_seconds(counts.longest_silence));
    out += R"("last_end":)";
    append_json_string(out, counts.last_end);
    out += '}';
    return true;
  });
}

}  // namespace mqtk::cli
