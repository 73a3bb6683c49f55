#include "broker/metrics.hpp"

#include <fmt/format.h>

#include "base/append_format.hpp"

namespace mqtk::broker_program {
namespace {

class Text {
 public:
  // Begins a metric; values follow.
  Text& metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = fmt::format("mqtk_broker_{}", name);
    append_format(text_, "# HELP {0} {2}\n# TYPE {0} {1}\n", name_, type, help);
    return *this;
  }
  Text& value(std::uint64_t value, std::string_view labels = {}) {
    append_format(text_, "{}{} {}\n", name_, labels, value);
    return *this;
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t number) {
    metric(name, "gauge", help).value(number);
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t number) {
    metric(name, "counter", help).value(number);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

// The value of a label.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

// Where there are bridges.
void append_bridges(Text& text, const std::vector<BridgeFacts>& bridges) {
  if (bridges.empty()) return;
  const auto each = [&](auto value) {
    for (const BridgeFacts& bridge : bridges)
      text.value(value(bridge), fmt::format("{{bridge={}}}", in_quotes(bridge.name)));
  };
  text.metric("bridge_connected", "gauge", "1 while the bridge is connected.");
  each([](const BridgeFacts& bridge) { return bridge.connected ? 1U : 0U; });
  text.metric("bridge_connects_total", "counter", "Times that the bridge has connected.");
  each([](const BridgeFacts& bridge) { return bridge.counters.connects; });
  text.metric("bridge_messages_received_total", "counter", "Messages that came in.");
  each([](const BridgeFacts& bridge) { return bridge.counters.received; });
  text.metric("bridge_messages_sent_total", "counter", "Messages that went out.");
  each([](const BridgeFacts& bridge) { return bridge.counters.sent; });
  text.metric("bridge_messages_dropped_total", "counter", "Messages that the other side did not take.");
  each([](const BridgeFacts& bridge) { return bridge.counters.dropped; });
}

}  // namespace

std::string metrics_text(const BrokerCounters& counters, const BrokerSizes& sizes,
                         const std::vector<BridgeFacts>& bridges) {
  Text text;
  text.gauge("clients_connected", "Clients that are connected.", counters.clients_connected);
  text.gauge("sessions", "Sessions of clients that are connected or away.", sizes.sessions);
  text.gauge("subscriptions", "Subscriptions of all Sessions.", sizes.subscriptions);
  text.gauge("retained_messages", "Retained messages.", sizes.retained_messages);
  text.counter("connections_total", "Network connections accepted.", counters.connections_opened);
  text.counter("connects_total", "CONNECT packets received.", counters.connects_received);
  text.counter("connects_refused_total", "CONNECT packets refused.", counters.connects_refused);
  text.counter("packets_received_total", "Control Packets received.", counters.packets.packets_received);
  text.counter("packets_sent_total", "Control Packets sent.", counters.packets.packets_sent);
  text.counter("received_bytes_total", "Bytes received.", counters.bytes_received);
  text.counter("sent_bytes_total", "Bytes sent.", counters.bytes_sent);
  text.metric("messages_received_total", "counter", "PUBLISH packets received.");
  for (std::size_t qos = 0; qos < 3; ++qos) {
    text.value(counters.messages_received[qos], fmt::format("{{qos=\"{}\"}}", qos));
  }
  text.metric("messages_sent_total", "counter", "PUBLISH packets sent.");
  for (std::size_t qos = 0; qos < 3; ++qos) text.value(counters.messages_sent[qos], fmt::format("{{qos=\"{}\"}}", qos));
  text.metric("messages_dropped_total", "counter", "Messages that a receiver missed.");
  for (std::size_t reason = 0; reason < drop_reason_count; ++reason) {
    const std::string_view name = drop_reason_name(static_cast<DropReason>(reason));
    text.value(counters.drops[reason], fmt::format("{{reason=\"{}\"}}", name));
  }
  text.counter("messages_not_retained_total", "Messages not retained because of a limit.",
               counters.messages_not_retained);
  text.counter("publishers_slowed_total", "Times that publishers waited for a receiver.", counters.publishers_slowed);
  append_bridges(text, bridges);
  return text.take();
}

}  // namespace mqtk::broker_program
