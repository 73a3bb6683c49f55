// How long things took, in a fixed amount of memory: percentiles with an error of at most one part in sixteen.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/time.hpp"

namespace mqtk {

class LatencyCounts {
 public:
  void record(Duration latency) {
    const auto nanoseconds = static_cast<std::uint64_t>(latency.count() < 0 ? 0 : latency.count());
    ++counts_[index(nanoseconds)];
    ++total_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  // The upper end of the bucket in which the value of this rank lies; `part` is from 0 to 1.
  [[nodiscard]] Duration percentile(double part) const {
    const auto rank = static_cast<std::uint64_t>(part * static_cast<double>(total_));
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      before += counts_[i];
      if (before > rank || (before == total_ && before > 0)) return Duration{static_cast<std::int64_t>(upper_end(i))};
    }
    return Duration{0};
  }

 private:
  // Sixteen buckets for each power of two.
  [[nodiscard]] static std::size_t index(std::uint64_t value) {
    if (value < 32) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 5;
    return std::size_t{shift} * 16 + static_cast<std::size_t>(value >> shift);
  }
  [[nodiscard]] static std::uint64_t upper_end(std::size_t index) {
    if (index < 32) return index;
    const std::size_t shift = index / 16 - 1;
    const std::uint64_t value = index - shift * 16;
    return ((value + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 1024> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace mqtk
