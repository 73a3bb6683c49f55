// Compares the clocks of the processes that share a load, over the broker, with a client of its own beside the load.
//
// Part 1 answers, all others ask; each tells all others what it knows. Begins at once and goes on until destroyed:
// often until enough is known, then once a second.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.hpp"
#include "load/clock_comparison.hpp"
#include "load/scenario.hpp"
#include "net/timer.hpp"

namespace mqtk {

class ClockExchange final : ClientListener {
 public:
  struct Setting {
    Endpoint endpoint;
    ConnectOptions connect;  // see side_client_options
    LoadSlice process;
    std::string run;          // the same for the parts of one load, and for no other: a level of topics
    std::uint64_t clock = 0;  // see ClockNotice; below 2^60
  };
  // `changed` is called with one element for each part whenever something has become known.
  using Changed = std::function<void(const std::vector<SenderClock>&)>;
  ClockExchange(Loop& loop, Setting setting, Changed changed);
  ~ClockExchange();

  // What this part knows of part 1's clocks; its own differ by nothing.
  [[nodiscard]] std::optional<ClockDifference> first_part() const;
  // Part 1 reads the same clock.
  [[nodiscard]] bool is_first_parts_clock() const;
  // Why nothing can be known; empty if that is not so.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void on_connected(const Connected& connected) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void beat();
  void say(std::string_view topic, std::string_view text);
  void take_notice(const ClockNotice& notice);
  void tell_changes();
  [[nodiscard]] bool is_first() const { return setting_.process.index == 0; }
  [[nodiscard]] ClockReading read_clocks();
  [[nodiscard]] std::string topic(std::string_view last) const;
  [[nodiscard]] ClockNotice own_notice() const;

  static constexpr Duration first_beats = std::chrono::milliseconds{20};
  static constexpr Duration later_beats = std::chrono::seconds{1};
  // A slow network answers fewer questions in the time of the first beats.
  static constexpr std::uint64_t most_first_beats = 50;

  Loop& loop_;
  Setting setting_;
  Changed changed_;
  ClockComparison comparison_;
  std::vector<ClockNotice> notices_;  // of the parts that have told theirs
  std::uint64_t beats_ = 0;
  std::string failure_;
  Timer beat_timer_;
  Client client_;
};

}  // namespace mqtk
