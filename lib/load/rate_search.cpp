#include "load/rate_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mqtk {

std::optional<double> RateSearch::next() const {
  if (stage_ == Stage::done) return std::nullopt;
  return rate_;
}

void RateSearch::tried(bool holds) {
  if (stage_ == Stage::done) return;
  ++trials_;
  if (holds) {
    held();
  } else {
    failed();
  }
  if (trials_ >= most_trials && stage_ != Stage::done) {
    stage_ = Stage::done;
    if (confirmed_ < options_.confirmations) held_ = 0;
  }
}

void RateSearch::held() {
  if (stage_ == Stage::confirming) {
    if (++confirmed_ >= options_.confirmations) stage_ = Stage::done;
    return;
  }
  held_ = rate_;
  if (failed_ == 0 && rate_ < options_.most) {
    rate_ = std::min(2 * rate_, options_.most);
    return;
  }
  bisect_or_confirm();
}

void RateSearch::failed() {
  failed_ = rate_;
  confirmed_ = 0;
  if (stage_ == Stage::confirming || held_ >= failed_) held_ = 0;
  if (held_ > 0) return bisect_or_confirm();
  // Nothing below is known to hold: far down at first, by the precision where a rate was found already.
  rate_ = stage_ == Stage::stepping ? rate_ / 2 : rate_ / (1 + options_.precision);
  if (stage_ == Stage::confirming) stage_ = Stage::bisecting;
  if (rate_ < options_.first * least_part) stage_ = Stage::done;
}

void RateSearch::bisect_or_confirm() {
  if (failed_ == 0 || failed_ / held_ <= 1 + options_.precision * 1.001) {
    stage_ = options_.confirmations == 0 ? Stage::done : Stage::confirming;
    rate_ = held_;
    confirmed_ = 0;
    return;
  }
  stage_ = Stage::bisecting;
  rate_ = std::sqrt(held_ * failed_);
}

std::string_view stage_name(RateSearch::Stage stage) {
  constexpr std::array<std::string_view, 4> names = {"stepping", "bisecting", "confirming", "done"};
  return names[static_cast<std::size_t>(stage)];
}

}  // namespace mqtk
