// HdrHistogram's V2 encoding: zigzag LEB128 counts behind a 40-byte header, deflated by zlib, in base64.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk {

struct HistogramForm {
  int significant_digits = 0;
  std::int64_t lowest = 1;
  std::int64_t highest = 2;
  std::vector<std::uint64_t> counts;
};

[[nodiscard]] std::string encode_histogram(const HistogramForm& form);

// Takes the compressed and the plain form. Counts are bounded to 1,000,000 slots. The text says what is wrong.
[[nodiscard]] std::expected<HistogramForm, std::string> decode_histogram(std::string_view base64);

}  // namespace mqtk
