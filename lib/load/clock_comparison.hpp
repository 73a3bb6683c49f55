// How far the clocks of two processes are apart, told from questions and answers that pass through a broker.
//
// The surprise: the difference is never known better than to half of the round trip, because nobody sees how that is
// shared between the two ways. One-way latencies of the same size mean nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace mqtk {

// Both clocks of a process, read at the same time.
struct ClockReading {
  TimePoint steady{};  // of the stamps in messages
  WallTime wall{};     // that the parts of a shared load begin by
};

// What another process's clocks show more than ours.
struct ClockDifference {
  Duration steady{0};
  Duration wall{0};
  Duration uncertainty{0};  // of both, either way
};

class ClockComparison {
 public:
  // We `asked`, the other process answered at `there` by its clocks, and the answer `came`.
  void add(const ClockReading& asked, const ClockReading& there, const ClockReading& came);

  // The best of the last `most_samples`; nothing before the first. What is old is less certain: clocks of different
  // machines drift apart by up to 100 microseconds in a second.
  [[nodiscard]] std::optional<ClockDifference> best(TimePoint now) const;
  [[nodiscard]] std::uint64_t samples() const { return samples_; }

  static constexpr std::size_t most_samples = 16;

 private:
  struct Sample {
    ClockDifference difference;
    TimePoint taken{};
  };
  std::array<Sample, most_samples> latest_{};
  std::uint64_t samples_ = 0;
};

// What the parts of a shared load tell each other of their clocks, as text: numbers with spaces between them.
struct ClockQuestion {
  std::uint32_t part = 0;  // who asks
  ClockReading asked;
};
struct ClockAnswer {
  ClockReading asked;  // as in the question
  ClockReading there;
};
// To all: how far the clocks of part 1 are from those of `part`, once it knows.
struct ClockNotice {
  std::uint32_t part = 0;
  std::uint64_t clock = 0;  // the same for two parts only if they read the same clock
  std::optional<ClockDifference> first_part;
};

[[nodiscard]] std::string to_text(const ClockQuestion& question);
[[nodiscard]] std::string to_text(const ClockAnswer& answer);
[[nodiscard]] std::string to_text(const ClockNotice& notice);
// Nothing for what is no such text, or speaks of more than 100 years.
[[nodiscard]] std::optional<ClockQuestion> parse_clock_question(std::string_view text);
[[nodiscard]] std::optional<ClockAnswer> parse_clock_answer(std::string_view text);
[[nodiscard]] std::optional<ClockNotice> parse_clock_notice(std::string_view text);

// The stamps of another part, seen from here.
struct SenderClock {
  bool known = false;
  bool is_ours = false;     // it reads the same clock
  Duration ahead{0};        // of ours
  Duration uncertainty{0};  // of that
};

// From what both have told; `own` may come from before the notice of the other.
[[nodiscard]] SenderClock compare_clocks(const ClockNotice& own, const ClockNotice& other);

}  // namespace mqtk
