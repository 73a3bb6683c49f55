// One fault on command: which packets it strikes, when, and what happens to them.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "broker/broker_listener.hpp"
#include "codec/types.hpp"

namespace mqtk {

struct FaultRule {
  enum class Kind : std::uint8_t {
    refuse,           // CONNECT: answered with reason_code, then closed
    answer,           // QoS 1 and 2 PUBLISH, SUBSCRIBE, UNSUBSCRIBE: answered with reason_code and not carried out
    withhold,         // acknowledgements of the broker are not sent
    drop,             // the packet is lost
    duplicate,        // the packet comes twice
    corrupt,          // one bit of it is turned over
    delay,            // it, and what follows it, comes `time` later
    stall,            // nothing more comes in this direction, or only after `time`
    throttle,         // from this packet on, `number` bytes a second
    cut,              // only the first `number` bytes of it come, or half; then the connection is closed
    close,            // the connection is closed in its place, without DISCONNECT
    disconnect,       // the same after a DISCONNECT with reason_code where the version has one
    take_over,        // the same with 0x8E, as if another client had come with this Client Identifier
    forget,           // closed, and the Session is forgotten
    restart,          // the broker cuts all connections and forgets everything
    receive_maximum,  // CONNACK of 5.0 says `number`
  };
  Kind kind = Kind::drop;

  std::string client;        // pattern with *; empty: all
  std::string topic_filter;  // of PUBLISH, or for a filter of SUBSCRIBE and UNSUBSCRIBE; empty: all packets
  std::optional<PacketType> packet;
  std::optional<PacketDirection> direction;

  std::uint64_t after = 0;             // so many packets that it would strike pass before
  std::optional<std::uint64_t> count;  // strikes at most so often
  double probability = 1;
  std::optional<std::uint64_t> seed;

  std::uint8_t reason_code = 0;
  std::optional<Duration> time;
  std::optional<std::uint64_t> number;

  std::string text;  // as it was given
};

// Reads "delay=200ms client=sensor-* packet=publish direction=to-client topic=a/# after=3 count=2 probability=0.5
// seed=7". The error says what is wrong in one line.
[[nodiscard]] std::expected<FaultRule, std::string> parse_fault_rule(std::string_view text);

// Whether `withhold` is about these packets: acknowledgements that a broker sends.
[[nodiscard]] bool can_be_withheld(PacketType type);

// `pattern` may have any number of *, each for any text.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace mqtk
