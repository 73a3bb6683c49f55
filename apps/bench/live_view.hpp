// What a run shows while it goes on: some lines that are drawn anew on a terminal, one line a second elsewhere.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "load/load_result.hpp"

namespace mqtk::bench {

class LiveView {
 public:
  enum class Form : std::uint8_t {
    none,
    lines,
    terminal,
  };
  struct Options {
    Form form = Form::lines;
    unsigned columns = 80;
    bool unicode = false;  // the terminal shows UTF-8
    std::string title;
    Duration length{0};  // of the whole run, 0 if not known
  };
  explicit LiveView(Options options) : options_(std::move(options)) {}

  // What is to be written next, control sequences included.
  [[nodiscard]] std::string interval(const LoadInterval& interval, Latency main_latency);
  // Takes the lines away.
  [[nodiscard]] std::string end();

 private:
  [[nodiscard]] std::string drawing(const LoadInterval& interval, Latency main_latency);
  [[nodiscard]] std::string progress(Duration passed) const;
  [[nodiscard]] std::string sparkline() const;

  static constexpr std::size_t most_history = 60;

  Options options_;
  std::deque<double> history_;  // rates, the latest last
  std::uint64_t errors_ = 0;
  unsigned lines_drawn_ = 0;
};

// As standard error is.
[[nodiscard]] LiveView::Options live_view_options();

}  // namespace mqtk::bench
