// How the rate of a load test changes over time: pieces in which a factor of the full rate is constant or moves evenly
// from one value to another.
//
// What a schedule asks for is the inverse: when a given amount of work is done. Work is counted in nanoseconds at the
// full rate, so evenly spaced arrivals and Poisson arrivals both become right by it.
#pragma once

#include <vector>

#include "base/time.hpp"

namespace mqtk {

class RateCurve {
 public:
  struct Piece {
    Duration length{0};
    double from = 1;  // factors of the full rate, 0 or more
    double to = 1;
  };
  explicit RateCurve(const std::vector<Piece>& pieces);

  // Nanoseconds from the beginning until `work` is done; infinity if that is never.
  [[nodiscard]] long double when_done(long double work) const;
  [[nodiscard]] long double whole_work() const { return work_; }

 private:
  struct Placed {
    long double begin;  // nanoseconds
    long double work;   // done at the begin
    long double length;
    long double from;
    long double to;
  };
  std::vector<Placed> pieces_;
  long double work_ = 0;
};

}  // namespace mqtk
