// A broker in memory: no sockets, and time jumps where one wants it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/deadlines.hpp"
#include "broker/broker_core.hpp"
#include "broker/faulty_connection.hpp"

namespace mqtk {

// The network between one client and the broker.
struct Wire {
  std::string to_broker;
  std::string to_client;
  std::size_t room = SIZE_MAX;  // bytes that the client still takes
  NetworkConnectionListener* listener = nullptr;
  bool client_gone = false;
  bool closed = false;   // by the broker
  bool blocked = false;  // a write was cut short
  bool paused = false;   // the broker does not read
};

class WireEnd final : public NetworkConnection {
 public:
  explicit WireEnd(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~WireEnd() override {
    wire_->closed = true;
    wire_->listener = nullptr;
  }
  void start(NetworkConnectionListener& listener) override { wire_->listener = &listener; }
  std::expected<std::size_t, std::error_code> read(MutableBytes to) override {
    if (wire_->to_broker.empty()) {
      if (wire_->client_gone) return std::unexpected(make_error_code(NetFault::end_of_stream));
      return std::unexpected(std::make_error_code(std::errc::operation_would_block));
    }
    const std::size_t count = std::min(to.size(), wire_->to_broker.size());
    std::copy_n(wire_->to_broker.begin(), count, to.begin());
    wire_->to_broker.erase(0, count);
    return count;
  }
  std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override {
    if (wire_->client_gone) return std::unexpected(std::make_error_code(std::errc::broken_pipe));
    while (!queue.empty() && wire_->room > 0) {
      Bytes part;
      static_cast<void>(queue.gather({&part, 1}));
      const std::size_t count = std::min(part.size(), wire_->room);
      wire_->to_client += as_text(part.first(count));
      wire_->room -= count;
      queue.consume(count);
    }
    wire_->blocked = !queue.empty();
    return queue.empty() ? FlushResult::all : FlushResult::part;
  }
  void pause_reading() override { wire_->paused = true; }
  void resume_reading() override { wire_->paused = false; }
  void end_writing() override {}
  void reset_on_close() override {}
  std::string peer_address() const override { return "192.0.2.1:50000"; }

 private:
  std::shared_ptr<Wire> wire_;
};

class MemoryBroker : public BrokerHost, public BrokerListener {
 public:
  // Without limits of its own the broker has nothing to announce in CONNACK.
  static BrokerOptions plain_options() {
    BrokerOptions options;
    options.limits = {};
    options.system_topics_interval = {};
    options.seed = 1;
    return options;
  }
  explicit MemoryBroker(const BrokerOptions& options = plain_options()) : core(options, *this, scratch_, *this) {}

  // --- BrokerHost and BrokerListener ---
  TimePoint now() const override { return time_; }
  WallTime wall_now() const override { return WallTime{time_.time_since_epoch()}; }
  void call_at_turn_end() override { turn_end_wanted_ = true; }
  void wake_at(TimePoint when) override { wake_at_ = when; }
  void close_after_sending(std::unique_ptr<NetworkConnection> connection, SendQueue rest) override {
    static_cast<void>(connection->flush(rest));
  }
  void on_event(const BrokerEvent& event) override {
    std::string line{event_name(event.type)};
    if (!event.client_identifier.empty()) line.append(" ").append(event.client_identifier);
    if (!event.topic.empty()) line.append(" ").append(event.topic);
    events.push_back(line);
  }
  [[nodiscard]] std::size_t count_events(std::string_view begin) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](const std::string& line) { return line.starts_with(begin); }));
  }

  // Lets everything happen that can happen without time.
  void settle() {
    while (one_turn()) {
    }
    std::erase_if(wires_, [](const std::shared_ptr<Wire>& wire) { return wire->closed && wire.use_count() == 1; });
  }
  // False if there was nothing to do.
  bool one_turn() {
    bool worked = false;
    for (std::size_t i = 0; i < wires_.size(); ++i) {
      const std::shared_ptr<Wire> wire = wires_[i];
      const bool waits = !wire->to_broker.empty() || wire->client_gone;
      if (wire->listener != nullptr && waits && !wire->paused) {
        wire->listener->on_readable();
        worked = true;
      }
      if (wire->listener != nullptr && wire->blocked && wire->room > 0) {
        wire->blocked = false;
        wire->listener->on_writable();
        worked = true;
      }
    }
    for (const std::function<void()>& work : std::exchange(posted_, {})) {
      work();
      worked = true;
    }
    if (const auto due = timers_.next(); due && *due <= time_) {
      timers_.expire(time_);
      worked = true;
    }
    if (!turn_end_wanted_) return worked;
    turn_end_wanted_ = false;
    core.end_turn();
    return true;
  }

  // Passes through every deadline on the way.
  void advance(Duration duration) {
    const TimePoint end = time_ + duration;
    settle();
    for (std::optional<TimePoint> due; (due = next_deadline()) && *due <= end;) {
      time_ = std::max(time_, *due);
      if (wake_at_ && *wake_at_ <= time_) {
        wake_at_.reset();
        core.expire(time_);
      }
      settle();
    }
    time_ = end;
    settle();
  }

  std::shared_ptr<Wire> new_wire() {
    wires_.push_back(std::make_shared<Wire>());
    std::unique_ptr<NetworkConnection> connection = std::make_unique<WireEnd>(wires_.back());
    if (faults != nullptr) {
      connection =
          std::make_unique<FaultyConnection>(FaultTiming{[this] { return time_; }, timers_}, std::move(connection),
                                             faults, fault_host_, core.state().options.limits.maximum_packet_size);
    }
    core.accept(std::move(connection));
    return wires_.back();
  }

 private:
  // Does what a connection cannot do by itself, as Broker does.
  class Faults final : public FaultHost {
   public:
    explicit Faults(MemoryBroker& broker) : broker_(broker) {}
    void on_fault(const InjectedFault& fault) override {
      ++broker_.injected_faults;
      if (fault.entry.rule.kind == FaultRule::Kind::restart) {
        broker_.posted_.emplace_back([this] { broker_.core.reset(ReasonCode::server_shutting_down); });
      } else if (fault.entry.rule.kind == FaultRule::Kind::forget) {
        broker_.posted_.emplace_back([this, client = std::string{fault.client_identifier}] {
          broker_.core.forget(client, ReasonCode::administrative_action);
        });
      }
    }

   private:
    MemoryBroker& broker_;
  };

  [[nodiscard]] std::optional<TimePoint> next_deadline() const {
    const auto timer = timers_.next();
    return timer && wake_at_ ? std::min(*timer, *wake_at_) : (timer ? timer : wake_at_);
  }

  TimePoint time_{std::chrono::hours{1}};
  std::optional<TimePoint> wake_at_;
  bool turn_end_wanted_ = false;
  Deadlines timers_;
  std::vector<std::function<void()>> posted_;
  std::shared_ptr<Faults> fault_host_ = std::make_shared<Faults>(*this);
  ReceiveScratch scratch_;
  std::vector<std::shared_ptr<Wire>> wires_;

 public:
  std::vector<std::string> events;
  std::shared_ptr<FaultRules> faults;  // strike the connections that come from now on
  std::size_t injected_faults = 0;
  BrokerCore core;
};

}  // namespace mqtk
