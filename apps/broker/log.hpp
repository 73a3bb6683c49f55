// What the broker logs on standard error.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "broker/broker_listener.hpp"
#include "net/timer.hpp"

namespace mqtk {
class Loop;
}

namespace mqtk::broker_program {

// Verbose 0: only what an operator should know, such as dropped messages; 1: connection events, too; 2: packets, too;
// 3: with their bytes.
class Log final : public BrokerListener {
 public:
  Log(Loop& loop, int verbose);
  ~Log() override;

  void on_event(const BrokerEvent& event) override;
  [[nodiscard]] bool wants_packets() const override { return verbose_ > 1; }
  void on_packet(const PassingPacket& packet) override;

 private:
  void line(std::string_view client_identifier, std::string_view text) const;
  void count_drop(const BrokerEvent& event);
  void write_drops();

  Loop& loop_;
  int verbose_;
  // Messages dropped since the last line about them, by client and reason: a client that takes nothing must not fill
  // the log.
  std::map<std::pair<std::string, std::string>, std::uint64_t> drops_;
  Timer drops_timer_;
};

}  // namespace mqtk::broker_program
