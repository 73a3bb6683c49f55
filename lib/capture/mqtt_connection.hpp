// The MQTT in one captured TCP connection: found by what it holds, whatever the port, and split into packets.
//
// MQTT may stand in the stream as it is or in WebSocket frames, and the capture may have begun in the middle.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "capture/captured_websocket.hpp"
#include "capture/packet_stream.hpp"
#include "capture/small_queue.hpp"
#include "capture/tcp_reassembly.hpp"
#include "capture/tls_connection.hpp"

namespace mqtk {

// What TLS is read with.
struct TlsSecrets {
  TlsKeyLog log;
  const TlsCrypto* crypto = nullptr;  // null: TLS is not read
};

class MqttConnection {
 public:
  enum class Content : std::uint8_t { unknown, mqtt, websocket, tls, other };

  struct Item {
    PacketStream::Item packet;
    std::optional<WallTime> time;  // of the segment with the packet's last byte
  };

  // `tls` may be null; it outlives the connection.
  MqttConnection(const ConnectionEnds& ends, std::optional<Version> version, const TlsSecrets* tls);

  // Whoever gives the bytes knows it: they are MQTT from the first on, and Side::first is the client. Before any byte.
  void settle_as_mqtt();

  // After each of these: call next() until it has no more. The bytes must live so long.
  void received(Side sender, Bytes bytes, std::optional<WallTime> time);
  void missing(Side sender, std::uint64_t count, std::optional<WallTime> time);
  void finish();
  [[nodiscard]] bool next(Item& item);
  // Nobody can keep what waits for more bytes. As after received(): call next() until it has no more, then release().
  void give_up();
  void release();
  // The memory of directions that wait for nothing; what comes next takes it anew.
  void release_idle();
  // Memory that it takes beside its own.
  [[nodiscard]] std::size_t held_bytes() const;

  [[nodiscard]] Content content() const { return content_; }
  [[nodiscard]] bool is_mqtt() const { return content_ == Content::mqtt || content_ == Content::websocket; }
  [[nodiscard]] const ConnectionEnds& ends() const { return ends_; }
  // The side that is the client; set when content() is.
  [[nodiscard]] Side client() const { return client_; }
  [[nodiscard]] bool start_seen() const { return start_seen_; }

  // A rule that the connection itself breaks, not one packet of it.
  [[nodiscard]] std::optional<Rule> take_problem();
  // Why nothing more can be read of a side.
  [[nodiscard]] std::optional<std::string> take_fault();
  // Of a connection whose content() is tls: what hinders.
  [[nodiscard]] std::string_view tls_fault() const { return tls_ ? std::string_view{tls_->fault()} : ""; }

 private:
  struct Mark {
    std::uint64_t end = 0;  // offset in the stream
    std::optional<WallTime> time;
  };
  struct SideState {
    std::vector<std::uint8_t> head;  // until the content is known
    std::optional<WallTime> head_time;
    std::optional<PacketStream> stream;
    std::unique_ptr<CapturedWebSocket> websocket;
    Mark mark;                 // of what came last
    SmallQueue<Mark> earlier;  // of what came before and has not been read to its end
    bool fault_told = false;
  };

  [[nodiscard]] SideState& state(Side side) { return sides_[static_cast<std::size_t>(side)]; }
  void receive_plain(Side sender, Bytes bytes, std::optional<WallTime> time);
  void begin_tls(Side client);
  void take_tls_data(std::optional<WallTime> time);
  void detect(bool last_chance);
  [[nodiscard]] bool detect_side(Side side, bool last_chance);
  void settle(Content content, Side client, bool in_sync);
  [[nodiscard]] Side guess_client() const;
  void feed(Side side, Bytes bytes, std::optional<WallTime> time);
  void mark_time(SideState& side, bool was_idle, std::optional<WallTime> time);

  ConnectionEnds ends_;
  std::optional<Version> version_;
  Content content_ = Content::unknown;
  Side client_ = Side::first;
  bool start_seen_;
  std::size_t trial_bytes_;
  std::array<SideState, 2> sides_;
  const TlsSecrets* secrets_;
  std::unique_ptr<CapturedTls> tls_;
  Side tls_client_ = Side::first;
  bool tls_fault_told_ = false;
};

}  // namespace mqtk
