#include "capture/tcp_reassembly.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/byte_order.hpp"

namespace mqtk {

class TcpReassembly::StreamListener : public TcpStreamListener {
 public:
  StreamListener(TcpReassembly& reassembly, Connection& connection, Side sender)
      : reassembly_(reassembly), connection_(connection), sender_(sender) {}
  void received(Bytes bytes, std::optional<WallTime> time) override {
    reassembly_.tell(connection_);
    reassembly_.listener_.received(connection_.id, sender_, bytes, time);
  }
  void missing(std::uint64_t bytes, std::optional<WallTime> time) override {
    reassembly_.tell(connection_);
    reassembly_.listener_.missing(connection_.id, sender_, bytes, time);
  }

 private:
  TcpReassembly& reassembly_;
  Connection& connection_;
  Side sender_;
};

std::size_t TcpReassembly::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = 0;
  const auto mix = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32U;
  };
  for (const SocketEnd* end : {&key.low, &key.high}) {
    mix(load_big_endian<std::uint64_t>(end->address.data()));
    mix(load_big_endian<std::uint64_t>(end->address.data() + 8) ^ end->port);
  }
  return static_cast<std::size_t>(hash);
}

TcpReassembly::Key TcpReassembly::key_of(const Segment& segment) {
  return segment.source < segment.destination ? Key{segment.source, segment.destination}
                                              : Key{segment.destination, segment.source};
}

// The same for both directions.
TcpReassembly::Connection*& TcpReassembly::recent_of(const Segment& segment) {
  const unsigned ports = segment.source.port ^ segment.destination.port;
  return recent_[ports % recent_.size()];
}

TcpReassembly::Connection* TcpReassembly::find_or_open(const Segment& segment, std::optional<WallTime> time) {
  const Key key = key_of(segment);
  const auto found = connections_.find(key);
  const bool opens = segment.kind == Segment::Kind::tcp && segment.syn && !segment.has_acknowledgement;
  if (found != connections_.end()) {
    Connection& connection = found->second;
    // A SYN that is sent again is no new connection.
    const bool is_new = opens && (connection.closed || connection.streams[0].counts().segments > 0 ||
                                  connection.streams[1].counts().segments > 0);
    if (!is_new) return connection.closed ? nullptr : &connection;
    if (!connection.closed) close(connection, ConnectionEnd::replaced, time);
    erase(found);
  } else if (segment.payload.empty() && !segment.syn) {
    return nullptr;
  }
  make_room();
  Connection& connection = connections_[key];
  connection.id = ++last_id_;
  // A captured answer to a SYN tells as well who opened the connection.
  const bool answers = segment.syn && segment.has_acknowledgement;
  connection.first = answers ? segment.destination : segment.source;
  connection.second = answers ? segment.source : segment.destination;
  connection.opened = time;
  connection.start_seen = segment.syn;
  by_age_.emplace_back(connection.id, key);
  return &connection;
}

void TcpReassembly::tell(Connection& connection) {
  if (std::exchange(connection.told, true)) return;
  listener_.opened(connection.id, {connection.first, connection.second, connection.start_seen}, connection.opened);
}

void TcpReassembly::erase(std::unordered_map<Key, Connection, KeyHash>::iterator connection) {
  std::ranges::replace(recent_, &connection->second, nullptr);
  connections_.erase(connection);
}

void TcpReassembly::take(const Segment& segment, std::optional<WallTime> time) {
  if (segment.kind != Segment::Kind::tcp && segment.kind != Segment::Kind::bare) return;
  if (time) last_time_ = time;
  Connection*& recent = recent_of(segment);
  const auto joins = [&](const SocketEnd& source, const SocketEnd& destination) {
    return segment.source == source && segment.destination == destination;
  };
  const bool found = recent != nullptr && !recent->closed && !segment.syn &&
                     (joins(recent->first, recent->second) || joins(recent->second, recent->first));
  if (!found) recent = find_or_open(segment, time);
  Connection* connection = recent;
  if (connection == nullptr) return;
  const Side sender = segment.source == connection->first ? Side::first : Side::second;
  if (segment.kind == Segment::Kind::bare) {
    StreamListener{*this, *connection, sender}.received(segment.payload, time);
    return;
  }
  TcpStream& stream = connection->streams[static_cast<std::size_t>(sender)];
  TcpStream& answered = connection->streams[static_cast<std::size_t>(other(sender))];
  const std::size_t held_before = stream.held_bytes() + answered.held_bytes();
  StreamListener to_stream{*this, *connection, sender};
  StreamListener to_answered{*this, *connection, other(sender)};
  if (segment.has_acknowledgement && !segment.syn) {
    answered.acknowledged(segment.acknowledgement, !segment.payload.empty(), time, to_answered);
  }
  stream.take(segment, time, to_stream);
  held_bytes_ += stream.held_bytes() + answered.held_bytes() - held_before;
  while (held_bytes_ > max_held_bytes && stream.held_bytes() > 0) {
    const std::size_t before = stream.held_bytes();
    stream.skip_gap(time, to_stream);
    held_bytes_ -= before - stream.held_bytes();
  }
  if (segment.reset) {
    close(*connection, ConnectionEnd::reset, time);
  } else if (stream.finished() && answered.finished()) {
    close(*connection, ConnectionEnd::finished, time);
  }
}

void TcpReassembly::finish() {
  std::vector<Connection*> open;
  for (auto& [key, connection] : connections_) {
    if (!connection.closed) open.push_back(&connection);
  }
  std::ranges::sort(open, {}, &Connection::id);
  for (Connection* connection : open) close(*connection, ConnectionEnd::capture_end, last_time_);
}

void TcpReassembly::close(Connection& connection, ConnectionEnd end, std::optional<WallTime> time) {
  for (const Side side : {Side::first, Side::second}) {
    TcpStream& stream = connection.streams[static_cast<std::size_t>(side)];
    held_bytes_ -= stream.held_bytes();
    StreamListener listener{*this, connection, side};
    stream.finish(time, listener);
  }
  connection.closed = true;
  if (!connection.told) return;
  listener_.closed(connection.id, end, connection.streams[0].counts(), connection.streams[1].counts(), time);
}

void TcpReassembly::make_room() {
  if (by_age_.size() > 2 * max_connections) {
    std::erase_if(by_age_, [this](const auto& entry) {
      const auto found = connections_.find(entry.second);
      return found == connections_.end() || found->second.id != entry.first;
    });
  }
  while (connections_.size() >= max_connections && erase_oldest()) {
  }
}

bool TcpReassembly::close_oldest() {
  while (const auto was_open = erase_oldest()) {
    if (*was_open) return true;
  }
  return false;
}

std::optional<bool> TcpReassembly::erase_oldest() {
  while (!by_age_.empty()) {
    const auto [id, key] = by_age_.front();
    by_age_.pop_front();
    const auto found = connections_.find(key);
    if (found == connections_.end() || found->second.id != id) continue;
    const bool was_open = !found->second.closed;
    if (was_open) close(found->second, ConnectionEnd::capture_end, last_time_);
    erase(found);
    return was_open;
  }
  return std::nullopt;
}

}  // namespace mqtk
