// Latencies counted in log-linear buckets, as HdrHistogram counts them: three significant digits from 1 microsecond to
// 1 hour, values in nanoseconds. Recording is shifts and an add; nothing is allocated after construction.
//
// The bucket layout and the V2 encoding are HdrHistogram's, so its libraries read what encode() writes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace mqtk {

// What a histogram has counted without its empty buckets, for keeping many.
struct PackedHistogram {
  struct Bucket {
    std::uint32_t index;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets;  // rising
  Duration min{0};
  Duration max{0};
};

class Histogram {
 public:
  static constexpr std::int64_t lowest_value = 1'000;               // nanoseconds: what is below counts as 1 us or less
  static constexpr std::int64_t highest_value = 3'600'000'000'000;  // 1 hour; what is above counts as 1 hour
  static constexpr int significant_digits = 3;

  Histogram();
  explicit Histogram(const PackedHistogram& packed);
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(Histogram&&) noexcept = default;

  // Negative durations count as 0, those above an hour as an hour.
  void record(Duration latency, std::uint64_t times = 1) {
    std::int64_t value = latency.count();
    if (value < 0) value = 0;
    if (value > highest_value) value = highest_value;
    if (value < minimum_) minimum_ = value;
    if (value > maximum_) maximum_ = value;
    total_ += times;
    counts_[index_of(value)] += times;
  }

  // Adds all counts of `other`: exact, since the buckets are the same.
  void add(const Histogram& other);
  void add(const PackedHistogram& packed);
  // Takes counts away that were added before; min() and max() become those of the buckets that are left.
  void subtract(const Histogram& other);
  void clear();
  [[nodiscard]] PackedHistogram packed() const;

  [[nodiscard]] std::uint64_t count() const { return total_; }
  // Exact for what was recorded here; to the bucket's precision for what came through decode(). 0 when empty.
  [[nodiscard]] Duration min() const { return Duration{total_ == 0 ? 0 : minimum_}; }
  [[nodiscard]] Duration max() const { return Duration{maximum_}; }
  // From the middle of each bucket, as HdrHistogram takes it.
  [[nodiscard]] Duration mean() const;
  [[nodiscard]] Duration standard_deviation() const;
  // The highest value that stands for the same bucket as the sample at `percent` (0 to 100); 0 when empty.
  [[nodiscard]] Duration percentile(double percent) const;
  // The same for whoever shows max() beside it, which may lie before the end of its bucket: at most that.
  [[nodiscard]] Duration percentile_to_max(double percent) const { return std::min(percentile(percent), max()); }

  // Calls `each(Duration highest_of_bucket, std::uint64_t count)` for every bucket that is not empty, rising.
  template <class Each>
  void for_each(Each each) const {
    for (std::size_t i = 0; i < bucket_slots; ++i) {
      if (counts_[i] != 0) each(Duration{highest_of(i)}, counts_[i]);
    }
  }

  // HdrHistogram's V2 compressed form in base64.
  [[nodiscard]] std::string encode() const;
  // Reads it back, from any HdrHistogram of 3 digits whose values are nanoseconds. The text says what is wrong.
  [[nodiscard]] static std::expected<Histogram, std::string> decode(std::string_view base64);
  // Sets min() and max() to what was measured where decode() knows the buckets only. Values that do not lie in the
  // buckets of the smallest and the largest sample change nothing.
  void restore_extremes(Duration min, Duration max);

 private:
  // 2,048 sub-buckets resolve 3 digits; the unit is 2^9 = 512 ns, the power of two below lowest_value.
  static constexpr unsigned half_magnitude = 10;
  static constexpr unsigned unit_magnitude = 9;
  static constexpr std::size_t half_count = std::size_t{1} << half_magnitude;
  static constexpr std::size_t buckets = 23;  // 2,048 * 512 ns * 2^22 is above an hour
  static constexpr std::size_t bucket_slots = (buckets + 1) * half_count;

  static std::size_t index_of(std::int64_t value) {
    constexpr std::uint64_t mask = ((std::uint64_t{2} * half_count) - 1) << unit_magnitude;
    const auto width = static_cast<unsigned>(64 - __builtin_clzll(static_cast<std::uint64_t>(value) | mask));
    const unsigned bucket = width - unit_magnitude - (half_magnitude + 1);
    const auto sub_bucket = static_cast<std::size_t>(value >> (bucket + unit_magnitude));
    return ((std::size_t{bucket} + 1) << half_magnitude) + sub_bucket - half_count;
  }
  static unsigned shift_of(std::size_t index);
  static std::int64_t lowest_of(std::size_t index);
  static std::int64_t middle_of(std::size_t index);
  static std::int64_t highest_of(std::size_t index);

  std::unique_ptr<std::uint64_t[]> counts_;
  std::uint64_t total_ = 0;
  std::int64_t minimum_ = highest_value;
  std::int64_t maximum_ = 0;
};

}  // namespace mqtk
