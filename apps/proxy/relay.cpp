#include "proxy/relay.hpp"

#include <fmt/format.h>

#include <utility>

namespace mqtk::proxy {
namespace {

using Kind = RelayEnd::Kind;

bool ends_connection(FaultRule::Kind kind) {
  return kind == FaultRule::Kind::refuse || kind == FaultRule::Kind::cut || kind == FaultRule::Kind::close ||
         kind == FaultRule::Kind::disconnect || kind == FaultRule::Kind::take_over;
}

}  // namespace

Relay::Relay(Loop& loop, std::uint64_t number, RelayHost& host, const Options& options)
    : loop_(loop), number_(number), host_(host), options_(options), connector_(loop), linger_(loop, [this] {
        finish(end_);
      }) {}

void Relay::start(std::unique_ptr<NetworkConnection> client, const Endpoint& broker, const ConnectorOptions& options) {
  client_.network = std::move(client);
  client_.network->start(client_);
  update_reading(client_);
  connector_.connect(broker, options, [this](auto made) { connected(std::move(made)); });
}

void Relay::connected(std::expected<std::unique_ptr<NetworkConnection>, NetError> made) {
  if (done_) return;
  if (!made) {
    close_after_sending(loop_, std::move(client_.network), {});
    return finish({.kind = Kind::unreachable, .cause = std::move(made.error())});
  }
  broker_.network = host_.on_broker_connected(number_, std::move(*made));
  broker_.network->start(broker_);
  update_reading(broker_);
  write_to(broker_);
}

void Relay::hold() {
  held_ = true;
  update_reading(client_);
  update_reading(broker_);
}

void Relay::go_on() {
  held_ = false;
  update_reading(client_);
  update_reading(broker_);
}

void Relay::read_from(End& from) {
  if (done_ || from.ended) return;
  const MutableBytes block = loop_.receive_scratch().bytes();
  const auto count = from.network->read(block);
  if (count) {
    End& to = other(from);
    if (!to.lost) to.queue.append(block.first(*count));
    return write_to(to);
  }
  if (count.error() == std::errc::operation_would_block) return;
  if (count.error() == NetFault::end_of_stream) return take_end(from);
  take_failure(from, count.error());
}

void Relay::write_to(End& to) {
  End& from = other(to);
  if (done_) return;
  if (to.network != nullptr && !to.lost) {
    auto flushed = to.network->flush(to.queue);
    if (!flushed && to.ended && flushed.error() == NetFault::end_of_stream) {
      // A WebSocket that was closed in order takes nothing more, and that is no accident.
      to.queue.clear();
      flushed = FlushResult::all;
    }
    if (!flushed) {
      to.lost = true;
      to.queue.clear();
      // What it sent before may still be read, and ends with an error, too.
      if (to.ended) return take_failure(to, flushed.error());
    } else if (*flushed == FlushResult::all && from.ended) {
      if (end_.kind == Kind::reset) {
        to.network->reset_on_close();
        return finish(end_);
      }
      if (!std::exchange(to.closed, true)) to.network->end_writing();
      if (to.ended && from.closed) return finish(end_);
    }
  }
  update_reading(from);
}

void Relay::take_end(End& from) {
  from.ended = true;
  if (end_.by == Role::unknown) end_.by = from.role;
  if (struck_ && from.role == Role::client) return close_both();
  const bool both = other(from).ended;
  write_to(other(from));
  // Whoever sends nothing more may not take anything more, either.
  if (both && !done_) linger_.arm(loop_.time_after(options_.linger));
}

void Relay::take_failure(End& from, std::error_code error) {
  from.ended = true;
  from.lost = true;
  const std::string_view side = from.role == Role::client ? "the client" : "the broker";
  end_ = {.kind = Kind::reset,
          .by = from.role,
          .cause = {.doing = fmt::format("connection of {} {}", side, from.network->peer_address()), .code = error}};
  from.network.reset();
  End& to = other(from);
  if (to.network == nullptr || to.lost) return finish(end_);
  write_to(to);
  if (!done_) linger_.arm(loop_.time_after(options_.linger));
}

// The client has got its last bytes from the fault already.
void Relay::close_both() {
  close_after_sending(loop_, std::move(client_.network), {});
  if (broker_.network != nullptr) close_after_sending(loop_, std::move(broker_.network), std::move(broker_.queue));
  finish({.kind = Kind::fault});
}

void Relay::update_reading(End& from) {
  if (from.network == nullptr) return;
  const End& to = other(from);
  // Going on at half of it saves switching to and fro with every block.
  const std::size_t most = from.paused ? options_.max_buffered_bytes / 2 : options_.max_buffered_bytes;
  const bool pause = held_ || from.ended || to.lost || to.queue.size() > most;
  if (pause == from.paused) return;
  from.paused = pause;
  pause ? from.network->pause_reading() : from.network->resume_reading();
}

void Relay::on_fault(const InjectedFault& fault) {
  struck_ = struck_ || ends_connection(fault.entry.rule.kind);
  host_.on_relay_fault(number_, fault);
}

// Told at the end of the turn, so that nobody is destroyed by a call of its own.
void Relay::finish(RelayEnd end) {
  if (std::exchange(done_, true)) return;
  end_ = std::move(end);
  linger_.cancel();
  connector_.cancel();
  loop_.call_at_turn_end(*this);
}

void Relay::on_turn_end() { host_.on_relay_ended(number_, end_); }

}  // namespace mqtk::proxy
