// A client's Network Connection on which faults happen on command.
//
// It stands between the broker and the real connection and passes on whole packets, so that faults strike packets, not
// chance pieces of the stream. Broker and engine know nothing of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/fault_rules.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk {

struct InjectedFault {
  const FaultRules::Entry& entry;
  std::string_view client_identifier;  // empty before CONNECT
  std::string_view topic;              // of a PUBLISH
  PacketType packet;
  PacketDirection direction;
};

// What a connection cannot do by itself.
class FaultHost {
 public:
  // Called for every fault, before it shows. Forgetting Sessions and restarting must wait for the end of the call.
  virtual void on_fault(const InjectedFault& fault) = 0;
  virtual ~FaultHost() = default;
};

// What time it is, and who is called when: of a Loop, or of a test that plays one.
struct FaultTiming {
  std::function<TimePoint()> now;
  Deadlines& deadlines;
};

class FaultyConnection final : public NetworkConnection, NetworkConnectionListener {
 public:
  // Once `host` is gone there are no more faults. A packet above `max_packet_bytes`, and all behind it, are passed on
  // as they come.
  FaultyConnection(Loop& loop, std::unique_ptr<NetworkConnection> network, std::shared_ptr<FaultRules> rules,
                   std::weak_ptr<FaultHost> host, std::size_t max_packet_bytes);
  FaultyConnection(FaultTiming timing, std::unique_ptr<NetworkConnection> network, std::shared_ptr<FaultRules> rules,
                   std::weak_ptr<FaultHost> host, std::size_t max_packet_bytes);

  void start(NetworkConnectionListener& listener) override;
  [[nodiscard]] std::expected<std::size_t, std::error_code> read(MutableBytes to) override;
  [[nodiscard]] std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override;
  void pause_reading() override;
  void resume_reading() override;
  void end_writing() override;
  void reset_on_close() override { network_->reset_on_close(); }
  [[nodiscard]] std::string peer_address() const override { return network_->peer_address(); }

 private:
  // One direction.
  struct Stream {
    Stream(Deadlines& deadlines, const std::function<void()>& go_on)
        : held_until(deadlines, go_on), next_step(deadlines, go_on) {}

    std::string bytes;                   // came and were not looked at
    std::size_t looked_at = 0;           // so many of them were
    std::string ready;                   // may go on
    bool pass_next = false;              // the next packet has waited for its delay
    bool as_it_comes = false;            // no more packets are looked for
    bool stalled = false;                // for good
    std::uint64_t bytes_per_second = 0;  // 0: as fast as it goes
    Timer held_until;                    // the next packet is delayed
    Timer next_step;                     // of a throttled stream

    [[nodiscard]] bool held() const { return stalled || held_until.is_armed(); }
  };

  void on_readable() override;
  void on_writable() override;

  void look_at(Stream& stream, PacketDirection direction);
  void look_at_packet(Stream& stream, PacketDirection direction, Bytes packet, PacketType type);
  void note(const Packet& packet);
  void strike(Stream& stream, PacketDirection direction, FaultRules::Entry& entry, Bytes bytes, const Packet& packet);
  void strike_connection(const FaultRule& rule, const Packet& packet);
  [[nodiscard]] std::uint8_t connack_code(std::uint8_t wanted) const;
  void hold(Stream& stream, std::optional<Duration> time);
  [[nodiscard]] TimePoint time_after(Duration delay) const;
  void say(const std::string& bytes);

  void go_on_reading();
  void go_on_writing();
  [[nodiscard]] std::error_code write_ready();
  void update_reading();
  void end_if_written();

  FaultTiming timing_;
  std::unique_ptr<NetworkConnection> network_;
  std::shared_ptr<FaultRules> rules_;
  std::weak_ptr<FaultHost> host_;
  std::size_t max_packet_bytes_;
  NetworkConnectionListener* listener_ = nullptr;
  Stream in_;
  Stream out_;
  Timer read_again_;
  SendQueue to_network_;
  std::string client_identifier_;
  Version version_ = Version::v5;
  bool broker_pauses_ = false;
  bool network_blocked_ = false;
  bool broker_waits_ = false;  // was told that not all was written
  bool ended_ = false;         // by a fault
  bool end_of_writing_ = false;
  bool end_was_read_ = false;  // and what came before it is still to be read here
};

}  // namespace mqtk
