#include "broker/control_server.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "broker/control_json.hpp"
#include "capture/ndjson.hpp"
#include "cli/output.hpp"
#include "codec/topic.hpp"

namespace mqtk::broker_program {
namespace {

constexpr std::size_t longest_request = 256 * 1024;

// Of events that one connection has not taken; more are counted and left out.
constexpr std::size_t event_backlog_bytes = 4 * 1024 * 1024;

std::string error_line(std::string_view text) {
  return nlohmann::json{{"error", text}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

template <class Facts>
std::string lines(const std::vector<Facts>& all) {
  std::string out;
  for (const Facts& facts : all) {
    append_json(out, facts);
    out += '\n';
  }
  return out;
}

template <class Facts>
void append_list(std::string& out, std::string_view name, const std::vector<Facts>& all) {
  out += fmt::format(",\"{}\":[", name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, all[i]);
  }
  out += ']';
}

// A member that is text; empty if it is not there.
std::string text_of(const nlohmann::json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

class ControlServer::Connection final : NetworkConnectionListener {
 public:
  Connection(ControlServer& server, std::unique_ptr<NetworkConnection> network)
      : server_(server), network_(std::move(network)) {
    network_->start(*this);
  }

  [[nodiscard]] bool gone() const { return network_ == nullptr; }
  [[nodiscard]] bool wants_events() const { return wants_events_; }

  void add_event(std::string_view line) {
    if (queue_.size() > event_backlog_bytes) {
      ++events_lost_;
      return;
    }
    queue_.append(as_bytes(line));
  }

  void flush() {
    if (network_ == nullptr || blocked_) return;
    const auto flushed = network_->flush(queue_);
    if (!flushed) return network_.reset();
    blocked_ = *flushed == FlushResult::part;
    if (blocked_ || events_lost_ == 0) return;
    add_event(fmt::format("{{\"event\":\"events_lost\",\"count\":{}}}\n", std::exchange(events_lost_, 0)));
    flush();
  }

 private:
  void on_readable() override {
    std::uint8_t bytes[4096];
    const auto count = network_->read(bytes);
    if (!count && count.error() == std::errc::operation_would_block) return;
    if (!count) return end();
    if (wants_events_) return;  // it has said what it wants
    request_.append(as_text(Bytes{bytes, *count}));
    const std::size_t line_end = request_.find('\n');
    if (line_end == std::string::npos && request_.size() <= longest_request) return;
    const std::string answer = line_end == std::string::npos
                                   ? error_line("the request is too long")
                                   : server_.answer(std::string_view{request_}.substr(0, line_end), wants_events_);
    queue_.append(as_bytes(answer));
    if (wants_events_) return server_.loop_.call_at_turn_end(server_);
    close_after_sending(server_.loop_, std::move(network_), std::move(queue_));
    end();
  }
  void on_writable() override {
    blocked_ = false;
    flush();
    if (gone()) end();
  }
  // Destroyed at the end of the turn.
  void end() {
    network_.reset();
    server_.loop_.call_at_turn_end(server_);
  }

  ControlServer& server_;
  std::unique_ptr<NetworkConnection> network_;
  std::string request_;
  SendQueue queue_;
  std::uint64_t events_lost_ = 0;
  bool wants_events_ = false;
  bool blocked_ = false;
};

ControlServer::ControlServer(Loop& loop, Broker& broker, const Bridges& bridges, FaultRules& faults)
    : loop_(loop), broker_(broker), bridges_(bridges), faults_(faults) {}

ControlServer::~ControlServer() = default;

std::expected<void, NetError> ControlServer::listen(const std::string& path) {
  auto acceptor =
      Acceptor::listen(loop_, {.transport = Transport::unix_socket, .port = 0, .path = path}, AcceptorOptions{}, *this);
  if (!acceptor) return std::unexpected(std::move(acceptor.error()));
  acceptor_ = std::move(*acceptor);
  return {};
}

void ControlServer::on_connection(std::unique_ptr<NetworkConnection> connection) {
  connections_.push_back(std::make_unique<Connection>(*this, std::move(connection)));
}

void ControlServer::on_accept_failed(const NetError& error) { cli::report(error.text()); }

void ControlServer::on_event(const BrokerEvent& event) {
  std::string line;
  for (const auto& connection : connections_) {
    if (!connection->wants_events()) continue;
    if (line.empty()) {
      append_json(line, event, loop_.wall_now());
      line += '\n';
      loop_.call_at_turn_end(*this);
    }
    connection->add_event(line);
  }
}

void ControlServer::on_turn_end() {
  for (const auto& connection : connections_) {
    if (connection->wants_events()) connection->flush();
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->gone(); });
}

void ControlServer::append_retained(std::string& out, std::string_view filter, std::string_view separator) const {
  bool first = true;
  for (const ApplicationMessage& message : broker_.retained(filter)) {
    if (!std::exchange(first, false)) out += separator;
    append_message_json(out, {.time = wall_time(message.received_at()),
                              .topic = message.topic(),
                              .qos = message.qos(),
                              .retain = true,
                              .payload = message.payload(),
                              .properties = message.properties()});
    if (!separator.empty()) out.pop_back();  // its line feed
  }
}

void ControlServer::append_dump(std::string& out) const {
  out += "{\"counters\":";
  append_json(out, broker_.counters());
  append_list(out, "sessions", broker_.sessions());
  append_list(out, "subscriptions", broker_.subscriptions());
  append_list(out, "bridges", bridges_.facts());
  out += ",\"retained\":[";
  append_retained(out, "#", ",");
  out += "]}\n";
}

std::string ControlServer::answer(std::string_view line, bool& wants_events) {
  const nlohmann::json request = nlohmann::json::parse(line, nullptr, false);
  if (!request.is_object()) return error_line("the request is not a JSON object");
  const std::string command = text_of(request, "command");
  const std::string client = text_of(request, "client_identifier");
  std::string out;
  if (command == "clients") {
    auto sessions = broker_.sessions();
    std::erase_if(sessions, [](const SessionFacts& session) { return !session.connected; });
    return lines(sessions);
  }
  if (command == "sessions") return lines(broker_.sessions());
  if (command == "bridges") return lines(bridges_.facts());
  if (command == "subscriptions") {
    auto subscriptions = broker_.subscriptions();
    std::erase_if(subscriptions, [&](const SubscriptionFacts& subscription) {
      return !client.empty() && subscription.client_identifier != client;
    });
    return lines(subscriptions);
  }
  if (command == "retained") {
    std::string filter = text_of(request, "topic_filter");
    if (filter.empty()) filter = "#";
    if (TopicFilter::check(filter, Version::v5)) return error_line(fmt::format("'{}' is no Topic Filter", filter));
    append_retained(out, filter, "");
    return out;
  }
  if (command == "dump") {
    append_dump(out);
    return out;
  }
  if (command == "kick") {
    if (broker_.disconnect(client, ReasonCode::administrative_action)) return "{\"disconnected\":1}\n";
    return error_line(fmt::format("no client '{}' is connected", client));
  }
  if (command == "reset") {
    const Broker::Forgotten forgotten = broker_.reset();
    return fmt::format("{{\"disconnected\":{},\"sessions\":{},\"retained\":{}}}\n", forgotten.clients,
                       forgotten.sessions, forgotten.retained);
  }
  if (command == "fault") {
    auto rule = parse_fault_rule(text_of(request, "rule"));
    if (!rule) return error_line(rule.error());
    return fmt::format("{{\"number\":{}}}\n", faults_.add(std::move(*rule)));
  }
  if (command == "faults") return lines(faults_.entries());
  if (command == "clear-faults") {
    const std::size_t count = faults_.entries().size();
    faults_.clear();
    return fmt::format("{{\"cleared\":{}}}\n", count);
  }
  if (command == "events") {
    wants_events = true;
    return fmt::format("{{\"time\":\"{}\",\"event\":\"listening\"}}\n", rfc3339(loop_.wall_now()));
  }
  return error_line(fmt::format("unknown command '{}'", command));
}

}  // namespace mqtk::broker_program
