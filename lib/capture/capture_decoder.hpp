// Captured frames to the MQTT packets in them, each with its connection, direction and time, and held against the flow
// of that connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/flow_check.hpp"
#include "capture/flow_sessions.hpp"
#include "capture/ip_fragments.hpp"
#include "capture/mqtt_connection.hpp"
#include "capture/packet_decoder.hpp"
#include "capture/pcap_reader.hpp"

namespace mqtk {

// Of a capture as a whole.
struct CaptureCounts {
  std::uint64_t frames = 0;
  std::uint64_t damaged_frames = 0;
  std::uint64_t fragments = 0;                           // that do not make a whole packet
  std::uint64_t connections = 0;                         // of MQTT
  std::uint64_t other_connections = 0;                   // with data that is no MQTT
  std::uint64_t tls_connections = 0;                     // that could not be read
  std::map<std::string, std::uint64_t> tls_faults = {};  // why, where secrets were at hand
};

class CaptureListener {
 public:
  virtual ~CaptureListener() = default;
  // Views in the record die with the call.
  virtual void packet(const PacketRecord& record, const FlowCheck& flow) = 0;
  // A line about a connection, without its number: "12 bytes are missing".
  virtual void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) = 0;
  // A rule that a connection breaks outside its packets.
  virtual void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) = 0;
  virtual void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) = 0;
  virtual void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
                      const FlowCheck& flow, std::optional<WallTime> time) = 0;
};

class CaptureDecoder : private ConnectionListener {
 public:
  // What all connections together may hold: packets that are not yet whole, what is in flight, subscriptions, aliases.
  // Beyond, those that hold most lose it and say so; where it is the mere number of connections, the oldest are closed
  // as if the capture had ended. With TcpReassembly::max_held_bytes and the like of the other parts it keeps a program
  // below 32 MiB whatever the capture holds.
  static constexpr std::size_t max_held_bytes = 10U * 1024 * 1024;

  // `tls` may be null; it outlives the decoder, and secrets may be added to it at any time.
  CaptureDecoder(CaptureListener& listener, Notes notes, std::optional<Version> version,
                 const TlsSecrets* tls = nullptr)
      : listener_(listener), decoder_(notes), version_(version), tls_(tls), reassembly_(*this) {}

  void take(const CapturedFrame& frame);
  void take(const Segment& segment, std::optional<WallTime> time);
  void hide_signatures() { decoder_.hide_signatures(); }
  void finish() { reassembly_.finish(); }

  // Connections that somebody else follows, such as a program between client and broker: bytes come in order, and are
  // MQTT from the first on. Not together with take(). Side::first of `ends` is the client. Returns the number of the
  // stream, from 1.
  std::uint64_t open(const ConnectionEnds& ends);
  void receive(std::uint64_t stream, Role sender, Bytes bytes, std::optional<WallTime> time);
  // From here on not all that one side sends reaches the other: the flow is judged less strictly.
  void lose(std::uint64_t stream) { find(stream).flow.lose(); }
  // Half a packet is shown unless `end` is capture_end: then its other half may have been on the way.
  void close(std::uint64_t stream, ConnectionEnd end, std::optional<WallTime> time);

  [[nodiscard]] const CaptureCounts& counts() const { return counts_; }
  // Never above max_held_bytes when a call returns, unless streams that were opened by open() are too many.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Connection {
    Connection(const ConnectionEnds& ends, std::optional<Version> version, const TlsSecrets* tls)
        : mqtt(ends, version, tls), flow(ends.start_seen) {}
    MqttConnection mqtt;
    FlowCheck flow;
    std::uint64_t stream = 0;  // 0 until MQTT has been found
    std::optional<WallTime> opened;
    bool session_asked = false;
    bool hides_half_packets = false;
    // When it was counted last; of it what can be given up.
    std::size_t held_bytes = 0;
    std::size_t loose_bytes = 0;
  };

  void opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) override;
  void received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) override;
  void missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) override;
  void closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
              std::optional<WallTime> time) override;

  [[nodiscard]] Connection& find(std::uint64_t id) { return *connections_.at(id); }
  void look_back(Connection& connection, ConnectionEnd end, const SocketEnd& to, const TcpCounts& client,
                 const TcpCounts& server, std::optional<WallTime> time);
  void drain(Connection& connection);
  void end(Connection& connection, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
           std::optional<WallTime> time);
  void forget(std::uint64_t id);
  void count_held(Connection& connection);
  void keep_within_bounds();
  void give_up(Connection& connection);
  void show(Connection& connection, const MqttConnection::Item& item);
  void follow_sessions(Connection& connection, const PacketRecord& record);

  CaptureListener& listener_;
  PacketDecoder decoder_;
  std::optional<Version> version_;
  const TlsSecrets* tls_;
  CaptureCounts counts_;
  IpFragments fragments_;
  FlowSessions sessions_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::size_t held_bytes_ = 0;
  std::uint64_t last_id_ = 0;  // of the connection found last
  Connection* last_ = nullptr;
  std::vector<FlowProblem> problems_;
  std::uint64_t index_ = 0;
  TcpReassembly reassembly_;
};

}  // namespace mqtk
