#include "load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "load/histogram_codec.hpp"

namespace mqtk {
namespace {

constexpr std::uint64_t most_decoded = std::uint64_t{1} << 53;

}  // namespace

Histogram::Histogram() : counts_(std::make_unique<std::uint64_t[]>(bucket_slots)) {}

Histogram::Histogram(const PackedHistogram& packed) : Histogram() { add(packed); }

void Histogram::add(const Histogram& other) {
  if (other.total_ == 0) return;
  const std::size_t last = index_of(other.maximum_);
  for (std::size_t i = index_of(other.minimum_); i <= last; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
}

void Histogram::add(const PackedHistogram& packed) {
  if (packed.buckets.empty()) return;
  for (const PackedHistogram::Bucket& bucket : packed.buckets) {
    counts_[bucket.index] += bucket.count;
    total_ += bucket.count;
  }
  minimum_ = std::min(minimum_, packed.min.count());
  maximum_ = std::max(maximum_, packed.max.count());
}

void Histogram::subtract(const Histogram& other) {
  if (other.total_ == 0) return;
  const std::size_t last = index_of(other.maximum_);
  for (std::size_t i = index_of(other.minimum_); i <= last; ++i) {
    const std::uint64_t common = std::min(counts_[i], other.counts_[i]);
    counts_[i] -= common;
    total_ -= common;
  }
  if (total_ == 0) return clear();
  const auto is_used = [](std::uint64_t count) { return count != 0; };
  const std::uint64_t* const end = counts_.get() + bucket_slots;
  const std::uint64_t* const low = std::find_if(counts_.get(), counts_.get() + bucket_slots, is_used);
  const std::uint64_t* high = end;
  while (*(high - 1) == 0) --high;
  minimum_ = std::max(minimum_, lowest_of(static_cast<std::size_t>(low - counts_.get())));
  maximum_ = std::min(maximum_, highest_of(static_cast<std::size_t>(high - 1 - counts_.get())));
}

PackedHistogram Histogram::packed() const {
  PackedHistogram packed{.buckets = {}, .min = min(), .max = max()};
  if (total_ == 0) return packed;
  const std::size_t last = index_of(maximum_);
  for (std::size_t i = index_of(minimum_); i <= last; ++i) {
    if (counts_[i] != 0) packed.buckets.push_back({static_cast<std::uint32_t>(i), counts_[i]});
  }
  return packed;
}

void Histogram::restore_extremes(Duration min, Duration max) {
  if (total_ == 0 || min < Duration{0} || max.count() > highest_value) return;
  if (index_of(min.count()) == index_of(minimum_)) minimum_ = min.count();
  if (max >= Duration{0} && index_of(max.count()) == index_of(maximum_)) maximum_ = max.count();
}

void Histogram::clear() {
  if (maximum_ >= minimum_) {
    const std::size_t first = index_of(minimum_);
    std::fill_n(counts_.get() + first, index_of(maximum_) + 1 - first, 0);
  }
  total_ = 0;
  minimum_ = highest_value;
  maximum_ = 0;
}

unsigned Histogram::shift_of(std::size_t index) {
  const auto bucket = static_cast<unsigned>(index >> half_magnitude);
  return unit_magnitude + (bucket == 0 ? 0 : bucket - 1);
}

std::int64_t Histogram::lowest_of(std::size_t index) {
  const std::size_t sub_bucket = index < half_count ? index : (index & (half_count - 1)) + half_count;
  return static_cast<std::int64_t>(sub_bucket) << shift_of(index);
}

std::int64_t Histogram::middle_of(std::size_t index) {
  return lowest_of(index) + (std::int64_t{1} << shift_of(index)) / 2;
}

std::int64_t Histogram::highest_of(std::size_t index) {
  return lowest_of(index) + (std::int64_t{1} << shift_of(index)) - 1;
}

Duration Histogram::mean() const {
  if (total_ == 0) return Duration{0};
  double sum = 0;
  for (std::size_t i = 0; i < bucket_slots; ++i) {
    if (counts_[i] == 0) continue;
    const auto middle = static_cast<double>(middle_of(i));
    sum += middle * static_cast<double>(counts_[i]);
  }
  return Duration{static_cast<std::int64_t>(sum / static_cast<double>(total_))};
}

Duration Histogram::standard_deviation() const {
  if (total_ == 0) return Duration{0};
  const auto average = static_cast<double>(mean().count());
  double squares = 0;
  for (std::size_t i = 0; i < bucket_slots; ++i) {
    if (counts_[i] == 0) continue;
    const double difference = static_cast<double>(middle_of(i)) - average;
    squares += difference * difference * static_cast<double>(counts_[i]);
  }
  return Duration{static_cast<std::int64_t>(std::sqrt(squares / static_cast<double>(total_)))};
}

Duration Histogram::percentile(double percent) const {
  if (total_ == 0) return Duration{0};
  percent = std::clamp(percent, 0.0, 100.0);
  // One part in a quintillion less, so that 99.9 of 1,000 samples is the 999th and not the 1,000th by rounding.
  const double rank = std::ceil(std::nextafter(percent, 0.0) / 100.0 * static_cast<double>(total_));
  const std::uint64_t wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_slots; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return Duration{std::min(highest_of(i), highest_of(index_of(maximum_)))};
  }
  return max();
}

std::string Histogram::encode() const {
  HistogramForm form;
  form.significant_digits = significant_digits;
  form.lowest = lowest_value;
  form.highest = highest_value;
  const std::size_t used = total_ == 0 ? 1 : index_of(maximum_) + 1;
  form.counts.assign(counts_.get(), counts_.get() + used);
  return encode_histogram(form);
}

std::expected<Histogram, std::string> Histogram::decode(std::string_view base64) {
  auto form = decode_histogram(base64);
  if (!form) return std::unexpected(form.error());
  if (form->significant_digits != significant_digits) return std::unexpected("the histogram does not have 3 digits");
  const auto unit = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(form->lowest)) - 1);
  Histogram histogram;
  for (std::size_t i = 0; i < form->counts.size(); ++i) {
    const std::uint64_t count = form->counts[i];
    if (count == 0) continue;
    const std::size_t bucket = i >> half_magnitude;
    const std::size_t sub_bucket = bucket == 0 ? i : (i & (half_count - 1)) + half_count;
    const std::size_t shift = unit + (bucket == 0 ? 0 : bucket - 1);
    if (shift > 40) return std::unexpected("the histogram has values above an hour");
    // Sums of histograms must not overflow.
    if (count > most_decoded || histogram.count() > most_decoded)
      return std::unexpected("the histogram's counts are too large");
    histogram.record(Duration{static_cast<std::int64_t>(sub_bucket) << shift}, count);
  }
  return histogram;
}

}  // namespace mqtk
