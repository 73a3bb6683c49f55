// What a load test has counted and measured.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/reason_code.hpp"
#include "load/histogram.hpp"

namespace mqtk {

enum class LoadErrorKind : std::uint8_t {
  connect_failed,       // name lookup, TCP, or closed before CONNACK
  connect_refused,      // by the CONNACK
  connect_timed_out,    // no connection, or no CONNACK, in time
  subscription_denied,  // by the SUBACK
  publish_refused,      // by the PUBACK or PUBREC
  not_acknowledged,     // sent at QoS 1 or 2, and neither answered until the end nor sent again
  not_sent,             // was due and could not be sent: no connection, a limit of the broker, or no room to wait
  disconnected,         // DISCONNECT of the broker
  connection_lost,
  stopped_reading,  // the broker took no more bytes, until the end
  protocol_broken,  // what the broker sent breaks a rule
};
inline constexpr std::size_t load_error_kinds = 11;

// "connect_failed" …
[[nodiscard]] std::string_view load_error_name(LoadErrorKind kind);

struct LoadError {
  LoadErrorKind kind = LoadErrorKind::connect_failed;
  ReasonCode reason = ReasonCode::success;  // of the broker, where it gave one
  std::string text;                         // what it is, for people
  std::uint64_t count = 0;
};

// Errors by kind, Reason Code and text; at most `most_texts` different ones, the others under their kind alone.
class LoadErrors {
 public:
  static constexpr std::size_t most_texts = 64;
  void add(LoadErrorKind kind, ReasonCode reason, std::string_view text, std::uint64_t times = 1);
  [[nodiscard]] const std::vector<LoadError>& all() const { return errors_; }
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::uint64_t count(LoadErrorKind kind) const;

 private:
  std::vector<LoadError> errors_;
};

// Of messages that passed in some time.
struct LoadTraffic {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;  // QoS 1 and 2, with success
  std::uint64_t received = 0;

  friend LoadTraffic operator-(LoadTraffic a, const LoadTraffic& b);
  LoadTraffic& operator+=(const LoadTraffic& other);
};

struct LoadCounts {
  std::uint64_t clients = 0;        // that were to connect
  std::uint64_t subscriptions = 0;  // that were to be granted
  std::uint64_t connected = 0;      // of the clients, however often
  std::uint64_t reconnected = 0;    // connections beyond the first of each client
  std::uint64_t subscribed = 0;
  LoadTraffic traffic;           // of the whole run, warm-up included
  std::uint64_t sent_bytes = 0;  // payloads
  std::uint64_t received_bytes = 0;
  std::uint64_t unrouted = 0;        // acknowledged with "No matching subscribers"
  std::uint64_t unacknowledged = 0;  // sent at QoS 1 or 2 and not answered at the end
  std::uint64_t expected = 0;        // copies that subscribers should have received of what was sent
  std::uint64_t arrived = 0;         // of those
  std::uint64_t lost = 0;            // what is missing of those, and of answers to requests
  std::uint64_t retained = 0;        // received because of a subscription: not checked for loss
  std::uint64_t duplicated = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t undecided = 0;  // late or duplicated: too far back to tell
  std::uint64_t foreign = 0;    // received messages that are not of this test

  LoadCounts& operator+=(const LoadCounts& other);
};

enum class Latency : std::uint8_t {
  tcp,                 // until the TCP connection is open, the name lookup included
  tls,                 // its handshake
  connack,             // CONNECT to CONNACK
  connect,             // all of it together
  suback,              // SUBSCRIBE to SUBACK
  publish,             // intended time to PUBACK or PUBCOMP
  publish_service,     // actual send to PUBACK or PUBCOMP
  end_to_end,          // intended time to arrival
  end_to_end_service,  // actual send to arrival
  round_trip,          // intended time of a request to its answer
  round_trip_service,  // actual send of a request to its answer
  lateness,            // intended time until the generator came to it: its own fault
};
inline constexpr std::size_t latency_kinds = 12;

// "tcp", "connack" …
[[nodiscard]] std::string_view latency_name(Latency latency);

// What a process has used in some time.
struct ProcessUse {
  Duration processor_time{0};
  std::uint64_t memory_bytes = 0;  // resident, at the end; 0 if not known
};

// One interval of a run.
struct LoadInterval {
  Duration begin{0};  // since the run's start
  Duration length{0};
  LoadTraffic traffic;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t errors = 0;
  struct Recorded {
    Latency kind = Latency::connect;
    PackedHistogram histogram;
  };
  std::vector<Recorded> latencies;  // of which there were any, in the order of the kinds
  ProcessUse generator;
  ProcessUse broker;

  // Empty if there was none.
  [[nodiscard]] Histogram latency(Latency kind) const;
  // Adds one that passed at the same time.
  void add(const LoadInterval& other);
};

// What the latency from one process to another rests on. All of it is 0 where all is of one process.
struct OneWay {
  std::uint64_t corrected = 0;  // messages by another clock, whose difference is known
  std::uint64_t not_timed = 0;  // messages by a clock that nothing is known of: in no latency
  Duration uncertainty{0};      // the greatest of those differences
  bool is_left_out = false;     // for that uncertainty: nothing is in end_to_end

  OneWay& operator+=(const OneWay& other);
};

struct LoadResult {
  LoadCounts counts;
  // What was due after the warm-up, and how long that took: for sent the time of sending, for the others until the
  // last one came.
  LoadTraffic measured;
  Duration sending_time{0};
  Duration acknowledging_time{0};
  Duration receiving_time{0};

  Duration connecting_time{0};  // from the first connection begun until the run's start
  std::array<Histogram, latency_kinds> latencies;
  Latency main_latency = Latency::connect;  // what "latency" means without another word
  LoadErrors errors;
  std::vector<LoadInterval> series;
  OneWay one_way;
  bool ended_early = false;

  [[nodiscard]] Histogram& latency(Latency kind) { return latencies[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const Histogram& latency(Latency kind) const { return latencies[static_cast<std::size_t>(kind)]; }
  // Messages per second, 0 where nothing was measured.
  [[nodiscard]] double sent_rate() const;
  [[nodiscard]] double acknowledged_rate() const;
  [[nodiscard]] double received_rate() const;

  // Takes the one-way latencies out where the clocks they rest on are not known to a tenth of their median.
  void leave_out_uncertain();

  // Adds what another part of the same run has measured at the same time; its start is `later` than this one's (or
  // earlier, if negative). Counts and histograms become those of both, exactly.
  void add_parallel(const LoadResult& other, Duration later);
  // Adds what was measured after this, as when a run is repeated.
  void add_following(const LoadResult& other);
};

}  // namespace mqtk
