#include "load/load_sink.hpp"

#include <vector>

#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk {

class LoadSink::Connection final : NetworkConnectionListener, TurnEndListener {
 public:
  Connection(LoadSink& sink, std::unique_ptr<NetworkConnection> connection)
      : sink_(sink),
        connection_(std::move(connection)),
        engine_(Role::server, sink.loop_.receive_scratch(), sink.engine_options_, sink.loop_.now()),
        timer_(sink.loop_, [this] { expire(); }) {
    connection_->start(*this);
    timer_.arm(*engine_.deadline());
  }

 private:
  void on_readable() override {
    const auto count = connection_->read(engine_.writable());
    if (!count && count.error() != std::errc::operation_would_block) return sink_.forget(*this);
    engine_.received(count.value_or(0));
    take_events();
  }

  void on_writable() override { sink_.loop_.call_at_turn_end(*this); }

  void on_turn_end() override {
    const auto flushed = connection_->flush(engine_.output());
    if (!flushed || (engine_.closing() && *flushed == FlushResult::all)) return sink_.forget(*this);
    if (const auto deadline = engine_.deadline(); deadline && !timer_.is_armed()) timer_.arm(*deadline);
  }

  void expire() {
    engine_.expire(sink_.loop_.now());
    take_events();
  }

  void take_events() {
    const TimePoint now = sink_.loop_.now();
    Event event;
    while (engine_.next(now, event) == Engine::Step::event) take(event, now);
    sink_.loop_.call_at_turn_end(*this);
  }

  void take(const Event& event, TimePoint now) {
    sink_.counts_.bytes += event.raw.size();
    switch (event.type) {
      case Event::Type::connect:
        ++sink_.counts_.connections;
        (void)engine_.accept(session_, {}, now);
        return;
      case Event::Type::publish: {
        ++sink_.counts_.messages;
        const PacketIdentifier identifier = event.packet_identifier;
        if (identifier != 0) engine_.acknowledge(identifier);
        return;
      }
      case Event::Type::subscribe: {
        std::vector<std::uint8_t> codes;
        for (const Subscription& each : event.as<Subscribe>().subscriptions) {
          codes.push_back(static_cast<std::uint8_t>(each.qos));
        }
        (void)engine_.suback(event.packet_identifier, codes);
        return;
      }
      case Event::Type::unsubscribe: {
        std::vector<std::uint8_t> codes;
        for ([[maybe_unused]] const std::string_view each : event.as<Unsubscribe>().topic_filters) codes.push_back(0);
        (void)engine_.unsuback(event.packet_identifier, codes);
        return;
      }
      default: return;
    }
  }

  LoadSink& sink_;
  std::unique_ptr<NetworkConnection> connection_;
  Engine engine_;
  SessionState session_;
  Timer timer_;
};

LoadSink::LoadSink(Loop& loop) : loop_(loop) {}

LoadSink::~LoadSink() = default;

std::expected<Endpoint, NetError> LoadSink::listen(const Endpoint& endpoint) {
  auto acceptor = Acceptor::listen(loop_, endpoint, {}, *this);
  if (!acceptor) return std::unexpected(acceptor.error());
  acceptor_ = std::move(*acceptor);
  return acceptor_->endpoint();
}

void LoadSink::on_connection(std::unique_ptr<NetworkConnection> connection) {
  auto made = std::make_unique<Connection>(*this, std::move(connection));
  connections_.emplace(made.get(), std::move(made));
}

// Those that wait are accepted when there is room again.
void LoadSink::on_accept_failed(const NetError&) {}

void LoadSink::forget(Connection& connection) { connections_.erase(&connection); }

}  // namespace mqtk
