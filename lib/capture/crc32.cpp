#include "capture/crc32.hpp"

#include <zlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace mqtk {
namespace {

std::uint32_t table_crc32(Bytes bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(::crc32_z(before, bytes.data(), bytes.size()));
}

#ifdef __x86_64__

// Fewer are not worth the last reduction.
constexpr std::size_t folded_from = 256;
constexpr std::size_t lane_bytes = 16;
constexpr std::size_t step_bytes = 4 * lane_bytes;

#define MQTK_CARRYLESS __attribute__((target("pclmul,sse4.1")))

// Powers of x modulo the polynomial, bits reflected, as in Gopal and others, "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).
struct Fold {
  std::int64_t high;
  std::int64_t low;
};
constexpr Fold over_four_lanes{0x1c6e41596, 0x154442bd4};
constexpr Fold over_one_lane{0x0ccaa009e, 0x1751997d0};
constexpr std::int64_t over_half_a_lane = 0x163cd6124;
constexpr Fold polynomial_and_quotient{0x1f7011641, 0x1db710641};

MQTK_CARRYLESS __m128i as_lane(Fold fold) { return _mm_set_epi64x(fold.high, fold.low); }

MQTK_CARRYLESS __m128i load(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// `lane` as it counts further on, added to what stands there.
MQTK_CARRYLESS __m128i fold(__m128i lane, __m128i by, __m128i there) {
  const __m128i low = _mm_clmulepi64_si128(lane, by, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), there);
}

MQTK_CARRYLESS std::uint32_t reduce(__m128i lane) {
  const __m128i even_words = _mm_setr_epi32(-1, 0, -1, 0);
  const __m128i upper = _mm_clmulepi64_si128(lane, as_lane(over_one_lane), 0x10);
  lane = _mm_xor_si128(_mm_srli_si128(lane, 8), upper);
  const __m128i lowest = _mm_and_si128(lane, even_words);
  lane =
      _mm_xor_si128(_mm_srli_si128(lane, 4), _mm_clmulepi64_si128(lowest, _mm_set_epi64x(0, over_half_a_lane), 0x00));
  // Barrett's: the quotient, and the polynomial times it.
  const __m128i by = as_lane(polynomial_and_quotient);
  const __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(lane, even_words), by, 0x10);
  lane = _mm_xor_si128(lane, _mm_clmulepi64_si128(_mm_and_si128(quotient, even_words), by, 0x00));
  return static_cast<std::uint32_t>(_mm_extract_epi32(lane, 1));
}

// Of whole lanes, four at least.
MQTK_CARRYLESS std::uint32_t folded_crc32(Bytes bytes, std::uint32_t before) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  const __m128i start = _mm_cvtsi32_si128(static_cast<int>(~before));
  __m128i first = _mm_xor_si128(load(at), start);
  __m128i second = load(at + lane_bytes);
  __m128i third = load(at + 2 * lane_bytes);
  __m128i fourth = load(at + 3 * lane_bytes);
  const __m128i by_four = as_lane(over_four_lanes);
  for (at += step_bytes; at + step_bytes <= end; at += step_bytes) {
    first = fold(first, by_four, load(at));
    second = fold(second, by_four, load(at + lane_bytes));
    third = fold(third, by_four, load(at + 2 * lane_bytes));
    fourth = fold(fourth, by_four, load(at + 3 * lane_bytes));
  }
  const __m128i by_one = as_lane(over_one_lane);
  __m128i lane = fold(fold(fold(first, by_one, second), by_one, third), by_one, fourth);
  for (; at < end; at += lane_bytes) lane = fold(lane, by_one, load(at));
  return ~reduce(lane);
}

#endif

}  // namespace

std::uint32_t crc32(Bytes bytes, std::uint32_t before) {
#ifdef __x86_64__
  static const bool carryless = __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;
  if (carryless && bytes.size() >= folded_from) {
    const std::size_t folded = bytes.size() / lane_bytes * lane_bytes;
    before = folded_crc32(bytes.first(folded), before);
    bytes = bytes.subspan(folded);
  }
#endif
  return table_crc32(bytes, before);
}

}  // namespace mqtk
