#include "broker/broker.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "broker/broker_core.hpp"
#include "broker/faulty_connection.hpp"
#include "net/connection_pair.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

namespace mqtk {

class Broker::Parts final : public BrokerHost, AcceptorListener, TurnEndListener {
 public:
  Parts(Loop& loop, const BrokerOptions& options, BrokerListener& listener)
      : loop_(loop),
        listener_(listener),
        timer_(loop, [this] { core_.expire(loop_.now()); }),
        core_(options, *this, loop.receive_scratch(), listener) {}

  TimePoint now() const override { return loop_.now(); }
  WallTime wall_now() const override { return loop_.wall_now(); }
  void call_at_turn_end() override { loop_.call_at_turn_end(*this); }
  void wake_at(TimePoint when) override { timer_.arm(when); }
  void close_after_sending(std::unique_ptr<NetworkConnection> connection, SendQueue rest) override {
    if (!done_) return mqtk::close_after_sending(loop_, std::move(connection), std::move(rest));
    ++closing_;
    // The call may come after this object is gone, so it must not touch it then.
    mqtk::close_after_sending(loop_, std::move(connection), std::move(rest),
                              {.sent = [this, alive = std::weak_ptr<bool>(alive_)](std::error_code) {
                                if (!alive.expired()) one_closed();
                              }});
  }

  std::expected<Endpoint, NetError> listen(const Endpoint& endpoint, const AcceptorOptions& options) {
    return keep(Acceptor::listen(loop_, endpoint, options, *this));
  }
  std::expected<Endpoint, NetError> adopt(FileDescriptor listening, const AcceptorOptions& options) {
    return keep(Acceptor::adopt(loop_, std::move(listening), options, *this));
  }
  std::expected<Endpoint, NetError> keep(std::expected<std::unique_ptr<Acceptor>, NetError> acceptor) {
    if (!acceptor) return std::unexpected(std::move(acceptor.error()));
    acceptors_.push_back(std::move(*acceptor));
    return acceptors_.back()->endpoint();
  }

  void shut_down(std::function<void()> done) {
    acceptors_.clear();
    done_ = std::move(done);
    closing_ = 1;  // until all connections are counted
    core_.shut_down();
    loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) one_closed();
    });
  }

  std::expected<std::unique_ptr<NetworkConnection>, NetError> connect_in_process() {
    auto ends = make_connection_pair(loop_);
    if (!ends) return std::unexpected(std::move(ends.error()));
    core_.accept(std::move(ends->first), BrokerCore::Origin::this_process);
    return std::move(ends->second);
  }

  void set_faults(std::shared_ptr<FaultRules> rules) { fault_rules_ = std::move(rules); }

  std::expected<KeptState, NetError> keep_state(const std::string& path, Durability durability) {
    auto directory = StateDirectory::open(path, durability);
    if (!directory) return std::unexpected(std::move(directory.error()));
    const auto log = directory->read();
    if (!log) return std::unexpected(log.error());
    if (!log->empty() && !StateFrames{*log}.has_magic()) {
      return std::unexpected(NetError{"reading " + directory->log_path(),
                                      std::make_error_code(std::errc::invalid_argument),
                                      "this is not a log of mqtk-broker"});
    }
    KeptState kept;
    const auto restored = core_.keep_state(storage_.emplace(std::move(*directory)), *log, loop_.wall_now());
    kept.sessions = restored.sessions;
    kept.retained = restored.retained;
    kept.queued = restored.queued;
    kept.cut_bytes = restored.cut_bytes;
    kept.damaged_log = restored.damaged_log;
    if (restored.error) return std::unexpected(NetError{"writing " + storage_->log_path(), restored.error});
    return kept;
  }

  BrokerCore& core() { return core_; }

 private:
  class Faults final : public FaultHost {
   public:
    explicit Faults(Parts& parts) : parts_(parts) {}
    void on_fault(const InjectedFault& fault) override { parts_.carry_out(fault); }

   private:
    Parts& parts_;
  };

  void carry_out(const InjectedFault& fault) {
    const FaultRule& rule = fault.entry.rule;
    const std::string detail =
        fmt::format("{} to the {}, by rule {}: {}", packet_type_name(fault.packet),
                    fault.direction == PacketDirection::to_broker ? "broker" : "client", fault.entry.number, rule.text);
    listener_.on_event({.type = BrokerEvent::Type::fault_injected,
                        .client_identifier = fault.client_identifier,
                        .topic = fault.topic,
                        .detail = detail});
    if (rule.kind != FaultRule::Kind::forget && rule.kind != FaultRule::Kind::restart) return;
    const bool everybody = rule.kind == FaultRule::Kind::restart;
    loop_.post([this, everybody, client = std::string{fault.client_identifier}, alive = std::weak_ptr<bool>(alive_)] {
      if (alive.expired()) return;
      if (everybody) {
        core_.reset(ReasonCode::server_shutting_down);
      } else {
        core_.forget(client, ReasonCode::administrative_action);
      }
    });
  }

  void on_connection(std::unique_ptr<NetworkConnection> connection) override {
    if (fault_rules_ != nullptr) {
      connection = std::make_unique<FaultyConnection>(loop_, std::move(connection), fault_rules_, faults_,
                                                      core_.state().options.limits.maximum_packet_size);
    }
    core_.accept(std::move(connection));
  }
  void on_accept_failed(const NetError& error) override {
    const std::string text = error.text();
    listener_.on_event({.type = BrokerEvent::Type::accept_failed, .detail = text});
  }
  void on_turn_end() override { core_.end_turn(); }
  void one_closed() {
    if (--closing_ == 0) done_();
  }

  Loop& loop_;
  BrokerListener& listener_;
  Timer timer_;
  std::optional<StateDirectory> storage_;
  BrokerCore core_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::function<void()> done_;
  std::size_t closing_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<FaultRules> fault_rules_;
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>(*this);
};

Broker::Broker(Loop& loop, const BrokerOptions& options, BrokerListener& listener)
    : parts_(std::make_unique<Parts>(loop, options, listener)) {}

Broker::~Broker() = default;

void Broker::set_access_control(AccessControl* access_control) { parts_->core().set_access_control(access_control); }

std::expected<Endpoint, NetError> Broker::listen(const Endpoint& endpoint, const AcceptorOptions& options) {
  return parts_->listen(endpoint, options);
}

std::expected<Endpoint, NetError> Broker::adopt(FileDescriptor listening, const AcceptorOptions& options) {
  return parts_->adopt(std::move(listening), options);
}

std::expected<Broker::KeptState, NetError> Broker::keep_state(const std::string& directory, Durability durability) {
  return parts_->keep_state(directory, durability);
}

std::expected<std::unique_ptr<NetworkConnection>, NetError> Broker::connect_in_process() {
  return parts_->connect_in_process();
}

void Broker::publish(const Publish& message) {
  const TimePoint now = parts_->now();
  parts_->core().fan_out().publish(ApplicationMessage::make(message, now), nullptr, now);
}

void Broker::shut_down(std::function<void()> done) { parts_->shut_down(std::move(done)); }

const BrokerCounters& Broker::counters() const { return parts_->core().counters(); }

BrokerSizes Broker::sizes() const {
  const BrokerState& state = parts_->core().state();
  return {state.sessions.size(), state.subscriptions.size(), state.retained.size()};
}

std::vector<SessionFacts> Broker::sessions() const { return sessions_of(parts_->core()); }

std::vector<SubscriptionFacts> Broker::subscriptions() const { return subscriptions_of(parts_->core()); }

std::vector<ApplicationMessage> Broker::retained(std::string_view topic_filter) const {
  std::vector<ApplicationMessage> found;
  RetainedMessages::Search search{std::string{topic_filter}};
  const TimePoint now = parts_->now();
  while (!search.done()) {
    parts_->core().state().retained.find_some(search, std::numeric_limits<std::size_t>::max(), now, found);
  }
  return found;
}

bool Broker::disconnect(std::string_view client_identifier, ReasonCode reason_code) {
  return parts_->core().disconnect(client_identifier, reason_code);
}

Broker::Forgotten Broker::reset() { return parts_->core().reset(ReasonCode::administrative_action); }

void Broker::set_faults(std::shared_ptr<FaultRules> rules) { parts_->set_faults(std::move(rules)); }

}  // namespace mqtk
