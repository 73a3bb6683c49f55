#include "load/rate_curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mqtk {

RateCurve::RateCurve(const std::vector<Piece>& pieces) {
  long double begin = 0;
  for (const Piece& piece : pieces) {
    const auto length = static_cast<long double>(piece.length.count());
    pieces_.push_back({begin, work_, length, piece.from, piece.to});
    begin += length;
    work_ += length * (static_cast<long double>(piece.from) + static_cast<long double>(piece.to)) / 2;
  }
}

long double RateCurve::when_done(long double work) const {
  if (work > work_ || pieces_.empty()) return std::numeric_limits<long double>::infinity();
  // The last piece in which nothing or less than `work` was done before; pieces without work are passed over.
  const auto after = std::ranges::lower_bound(pieces_, work, {}, &Placed::work);
  const Placed& piece = after == pieces_.begin() ? *after : *(after - 1);
  const long double rest = work - piece.work;
  if (rest <= 0) return piece.begin;
  const long double slope = (piece.to - piece.from) / piece.length;
  // The root of from*t + slope*t*t/2 = rest, in the form that also holds for slope 0.
  const long double root = std::sqrt(std::max(piece.from * piece.from + 2 * slope * rest, 0.0L));
  return piece.begin + std::min(2 * rest / (piece.from + root), piece.length);
}

}  // namespace mqtk
