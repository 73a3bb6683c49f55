#include "proxy/run.hpp"

#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json_text.hpp"
#include "broker/fault_rules.hpp"
#include "broker/faulty_connection.hpp"
#include "cli/child_command.hpp"
#include "cli/handshake_remedy.hpp"
#include "cli/output.hpp"
#include "net/acceptor.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "proxy/relay.hpp"
#include "proxy/tapped_connection.hpp"
#include "proxy/traffic_view.hpp"

namespace mqtk::proxy {
namespace {

using cli::ExitStatus;

// How long connections may go on when the command has ended.
constexpr Duration command_grace = std::chrono::seconds{2};

std::string_view side_name(Role role) { return role == Role::client ? "the client" : "the broker"; }

std::string_view remedy(std::error_code code) {
  if (const std::string_view known = cli::handshake_remedy(code); !known.empty()) return known;
  return failure_of(code) == NetFailure::timed_out ? "check --to, or raise --connect-timeout"
                                                   : "check --to, and that the broker is running";
}

class Proxy final : AcceptorListener, RelayHost, TrafficViewHost {
 public:
  Proxy(const Options& options, std::vector<cli::Listener> listeners, std::unique_ptr<cli::StreamFile> written)
      : options_(options),
        listeners_(std::move(listeners)),
        view_(loop_, options.viewing, std::move(written), options.command.empty() ? 1 : 2, *this),
        signals_(std::in_place, loop_, std::initializer_list<int>{SIGINT, SIGTERM, SIGHUP, SIGCHLD},
                 [this](int signal) { on_signal(signal); }),
        give_up_(loop_, [this] { loop_.stop(); }) {
    faults_->set_seed(options.faults.seed);
    for (const FaultRule& rule : options.faults.rules) faults_->add(rule);
    to_broker_ = {.family = options.connect.address_family,
                  .time_limit = options.connect.connect_timeout,
                  .bind_address = options.connect.bind_address,
                  .transport = options.connect.transport};
  }

  ExitStatus to_its_end();

 private:
  // The error is one line.
  [[nodiscard]] std::expected<void, std::string> start();
  void announce(const std::vector<Endpoint>& endpoints);

  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError& error) override { cli::report(error.text()); }
  std::unique_ptr<NetworkConnection> on_broker_connected(std::uint64_t number,
                                                         std::unique_ptr<NetworkConnection> broker) override;
  void on_relay_fault(std::uint64_t number, const InjectedFault& fault) override;
  void on_relay_ended(std::uint64_t number, const RelayEnd& end) override;
  void tell_end(std::uint64_t number, const RelayEnd& end);

  void on_view_behind() override;
  void on_view_caught_up() override;
  void on_view_ended() override { loop_.stop(); }

  void on_signal(int signal);

  [[nodiscard]] std::unique_ptr<NetworkConnection> tapped(std::unique_ptr<NetworkConnection> network,
                                                          std::uint64_t number, Role sender);

  const Options& options_;
  std::vector<cli::Listener> listeners_;
  Loop loop_;
  TrafficView view_;
  std::optional<SignalWatch> signals_;
  std::shared_ptr<FaultRules> faults_ = std::make_shared<FaultRules>();
  ConnectorOptions to_broker_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Relay>> relays_;
  cli::ChildCommand command_;
  std::optional<int> command_status_;
  Timer give_up_;  // what the command has left behind
  bool view_behind_ = false;
  bool full_told_ = false;
};

ExitStatus Proxy::to_its_end() {
  if (const auto started = start(); !started) {
    cli::report(started.error());
    return ExitStatus::local_failure;
  }
  loop_.run();
  acceptors_.clear();
  // Cut by the proxy: half a packet on its way is nobody's fault.
  for (const auto& [number, relay] : relays_) view_.close(number, Role::unknown, ConnectionEnd::capture_end);
  relays_.clear();
  // Whoever reads the output may have stopped doing so: now a signal ends the program.
  signals_.reset();
  const ExitStatus status = view_.finish();
  return command_status_ ? static_cast<ExitStatus>(*command_status_) : status;
}

std::expected<void, std::string> Proxy::start() {
  std::vector<Endpoint> endpoints;
  for (const cli::Listener& listener : listeners_) {
    auto acceptor = Acceptor::listen(loop_, listener.endpoint, {.tls = listener.tls}, *this);
    if (!acceptor) {
      const bool in_use = failure_of(acceptor.error().code) == NetFailure::address_in_use;
      return std::unexpected(
          acceptor.error().text() +
          (in_use ? "; stop the program that listens there, or choose another --listen (port 0 is any free one)" : ""));
    }
    endpoints.push_back((*acceptor)->endpoint());
    acceptors_.push_back(std::move(*acceptor));
  }
  if (!options_.command.empty()) return command_.start(options_.command, endpoints.front());
  announce(endpoints);
  return {};
}

void Proxy::announce(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) {
    if (options_.viewing.json) {
      text += R"({"listening":)";
      append_json_string(text, to_text(endpoint));
      text += "}\n";
    } else {
      text += fmt::format("listening {}\n", to_text(endpoint));
    }
  }
  text += options_.viewing.json ? "{\"ready\":true}\n" : "ready\n";
  if (options_.viewing.write == "-") {
    // Standard output is the capture.
    cli::Output{2}.write(text);
  } else {
    view_.say(text);
  }
}

// --- connections -----------------------------------------------------------------------------------------------------

std::unique_ptr<NetworkConnection> Proxy::tapped(std::unique_ptr<NetworkConnection> network, std::uint64_t number,
                                                 Role sender) {
  return std::make_unique<TappedConnection>(
      std::move(network), [this, number, sender](Bytes bytes) { view_.passed(number, sender, bytes); });
}

void Proxy::on_connection(std::unique_ptr<NetworkConnection> connection) {
  const std::string address = connection->peer_address();
  const std::uint64_t number = view_.open(address, options_.broker.host);
  if (options_.verbose) view_.tell(number, fmt::format("opened by {}", address));
  const auto relay = std::make_shared<Relay>(loop_, number, static_cast<RelayHost&>(*this),
                                             Relay::Options{.max_buffered_bytes = options_.max_buffered_bytes});
  relays_.emplace(number, relay);
  // Inside of the faults: packets are shown as they were sent.
  connection = tapped(std::move(connection), number, Role::client);
  if (!options_.faults.rules.empty()) {
    connection =
        std::make_unique<FaultyConnection>(loop_, std::move(connection), faults_, relay, options_.max_buffered_bytes);
  }
  relay->start(std::move(connection), options_.broker, to_broker_);
  if (view_behind_) relay->hold();
  if (relays_.size() < options_.max_connections) return;
  for (const auto& acceptor : acceptors_) acceptor->pause();
  if (std::exchange(full_told_, true)) return;
  cli::report(fmt::format("{} clients are connected, more wait; raise --max-connections", relays_.size()));
}

std::unique_ptr<NetworkConnection> Proxy::on_broker_connected(std::uint64_t number,
                                                              std::unique_ptr<NetworkConnection> broker) {
  return tapped(std::move(broker), number, Role::server);
}

void Proxy::on_relay_fault(std::uint64_t number, const InjectedFault& fault) {
  view_.struck(number, fmt::format("{}{}fault: {} to {}, by rule {}: {}", fault.client_identifier,
                                   fault.client_identifier.empty() ? "" : ": ", packet_type_name(fault.packet),
                                   fault.direction == PacketDirection::to_broker ? "the broker" : "the client",
                                   fault.entry.number, fault.entry.rule.text));
}

void Proxy::on_relay_ended(std::uint64_t number, const RelayEnd& end) {
  tell_end(number, end);
  using Kind = RelayEnd::Kind;
  view_.close(number, end.by,
              end.kind == Kind::finished ? ConnectionEnd::finished
              : end.kind == Kind::reset  ? ConnectionEnd::reset
                                         : ConnectionEnd::capture_end);
  relays_.erase(number);
  if (command_status_ && relays_.empty()) loop_.stop();
  if (relays_.size() + 1 < options_.max_connections) return;
  for (const auto& acceptor : acceptors_) acceptor->resume();
}

void Proxy::tell_end(std::uint64_t number, const RelayEnd& end) {
  switch (end.kind) {
    case RelayEnd::Kind::unreachable:
      return view_.tell(number, fmt::format("{}; {}", end.cause.text(), remedy(end.cause.code)));
    case RelayEnd::Kind::reset: return view_.tell(number, end.cause.text());
    case RelayEnd::Kind::finished:
      if (options_.verbose) view_.tell(number, fmt::format("closed by {}", side_name(end.by)));
      return;
    case RelayEnd::Kind::fault:
      if (options_.verbose) view_.tell(number, "closed by a fault");
      return;
  }
}

// --- the view and the end --------------------------------------------------------------------------------------------

void Proxy::on_view_behind() {
  view_behind_ = true;
  for (const auto& [number, relay] : relays_) relay->hold();
}

void Proxy::on_view_caught_up() {
  view_behind_ = false;
  for (const auto& [number, relay] : relays_) relay->go_on();
}

void Proxy::on_signal(int signal) {
  if (signal == SIGCHLD) {
    if (!command_status_) command_status_ = command_.ended();
    if (!command_status_) return;
    // Its last packets are still on their way.
    if (relays_.empty()) return loop_.stop();
    return give_up_.arm(loop_.time_after(command_grace));
  }
  // The command ends before the proxy that it talks through.
  if (command_.running()) return command_.send(signal);
  loop_.stop();
}

}  // namespace

ExitStatus run(const Options& options) {
  for (const std::string& warning : options.warnings) cli::report(warning);
  auto listeners =
      cli::make_listeners(options.listening, options.command.empty() ? cli::Ports::standard : cli::Ports::free);
  if (!listeners) {
    cli::report_usage(listeners.error());
    return ExitStatus::usage;
  }
  auto written = cli::StreamFile::create(options.viewing.write);
  if (!written) {
    cli::report(written.error());
    return ExitStatus::local_failure;
  }
  return Proxy{options, std::move(*listeners), std::move(*written)}.to_its_end();
}

}  // namespace mqtk::proxy
