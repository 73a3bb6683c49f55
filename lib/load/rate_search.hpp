// Looks for the highest rate at which conditions hold: by doubling, then bisection, then by repeating the highest one.
//
// Conditions that hold at a rate need not hold again: a rate counts only when it held in every confirmation, else the
// search goes on below it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mqtk {

class RateSearch {
 public:
  struct Options {
    double first = 1000;         // above 0
    double precision = 0.05;     // the highest rate that held and the lowest that failed lie this close
    double most = 1e8;           // never tried above
    unsigned confirmations = 2;  // how often the highest rate must hold again
  };
  explicit RateSearch(const Options& options) : options_(options), rate_(options.first) {}

  enum class Stage : std::uint8_t { stepping, bisecting, confirming, done };
  [[nodiscard]] Stage stage() const { return stage_; }
  // The rate to try next; nothing when the search has ended.
  [[nodiscard]] std::optional<double> next() const;
  // What came of it.
  void tried(bool holds);

  // Confirmed; 0 if no rate held.
  [[nodiscard]] double highest() const { return stage_ == Stage::done ? held_ : 0; }

 private:
  void held();
  void failed();
  void bisect_or_confirm();

  static constexpr unsigned most_trials = 100;
  static constexpr double least_part = 1.0 / 1024;  // of the first rate: below it the search gives up

  Options options_;
  Stage stage_ = Stage::stepping;
  double rate_;
  double held_ = 0;    // highest rate that held
  double failed_ = 0;  // lowest rate that failed, 0 if none did
  unsigned confirmed_ = 0;
  unsigned trials_ = 0;
};

// "stepping" …
[[nodiscard]] std::string_view stage_name(RateSearch::Stage stage);

}  // namespace mqtk
