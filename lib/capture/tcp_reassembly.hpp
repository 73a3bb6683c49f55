// Captured segments to TCP connections with two ordered streams of bytes each.
//
// Any number of connections at once, seen from their start or not. Who opened a connection is known where its SYN was
// captured; else the side that was seen first is called the first.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "capture/tcp_stream.hpp"

namespace mqtk {

enum class Side : std::uint8_t { first, second };

[[nodiscard]] constexpr Side other(Side side) { return side == Side::first ? Side::second : Side::first; }

struct ConnectionEnds {
  SocketEnd first;
  SocketEnd second;
  bool start_seen = false;  // its SYN was captured, so `first` opened it
};

enum class ConnectionEnd : std::uint8_t {
  finished,     // FIN from both sides
  reset,        // RST
  replaced,     // a SYN for the same addresses and ports came
  capture_end,  // the capture ended first
};

class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  // Called before the connection's first bytes, with the time of its first segment; a connection without any is never
  // told. `id` counts from 1.
  virtual void opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) = 0;
  virtual void received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) = 0;
  virtual void missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) = 0;
  virtual void closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
                      std::optional<WallTime> time) = 0;
};

class TcpReassembly {
 public:
  // Beyond so many, the connection that was opened first is closed as if the capture had ended.
  static constexpr std::size_t max_connections = 8U * 1024;
  static constexpr std::size_t max_held_bytes = 2U * 1024 * 1024;  // of all connections, while segments are awaited

  explicit TcpReassembly(ConnectionListener& listener) : listener_(listener) {}

  // Kind::tcp and Kind::bare; others are passed over.
  void take(const Segment& segment, std::optional<WallTime> time);
  void finish();
  // The connection that was opened first, as if the capture had ended; false if none is open. Not from a listener.
  bool close_oldest();

 private:
  struct Key {
    SocketEnd low;
    SocketEnd high;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Connection {
    std::uint64_t id = 0;
    SocketEnd first;
    SocketEnd second;
    std::array<TcpStream, 2> streams;
    std::optional<WallTime> opened;
    bool start_seen = false;
    bool told = false;    // the listener knows it
    bool closed = false;  // kept for a while, so that late segments do not look like a new connection
  };
  class StreamListener;

  [[nodiscard]] static Key key_of(const Segment& segment);
  [[nodiscard]] Connection*& recent_of(const Segment& segment);
  [[nodiscard]] Connection* find_or_open(const Segment& segment, std::optional<WallTime> time);
  void erase(std::unordered_map<Key, Connection, KeyHash>::iterator connection);
  void close(Connection& connection, ConnectionEnd end, std::optional<WallTime> time);
  void make_room();
  // Whether it was open; nothing if there is none.
  std::optional<bool> erase_oldest();
  void tell(Connection& connection);

  ConnectionListener& listener_;
  std::unordered_map<Key, Connection, KeyHash> connections_;
  std::array<Connection*, 64> recent_{};  // the last one of each value of recent_of(): found without a search
  std::deque<std::pair<std::uint64_t, Key>> by_age_;
  std::uint64_t last_id_ = 0;
  std::size_t held_bytes_ = 0;
  std::optional<WallTime> last_time_;
};

}  // namespace mqtk
