#include "bench/live_view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/append_format.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

constexpr Duration worth_a_line = std::chrono::milliseconds{100};

// Bytes of the sparkline's characters are more than their columns.
std::string cut(std::string line, unsigned columns) {
  if (line.size() > columns) line.resize(columns);
  return line;
}

bool says_utf8(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return false;
  std::string text{value};
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text.find("UTF-8") != std::string::npos || text.find("UTF8") != std::string::npos;
}

// The main flow of messages.
double main_rate(const LoadInterval& interval) {
  const LoadTraffic& traffic = interval.traffic;
  const std::uint64_t count = traffic.received > 0 ? traffic.received : traffic.sent;
  return interval.length > Duration{0} ? static_cast<double>(count) / to_seconds(interval.length) : 0;
}

}  // namespace

LiveView::Options live_view_options() {
  LiveView::Options options;
  const char* terminal = std::getenv("TERM");
  const bool capable = terminal != nullptr && std::string_view{terminal} != "dumb";
  if (::isatty(STDERR_FILENO) == 0 || !capable) return options;
  options.form = LiveView::Form::terminal;
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.columns = size.ws_col;
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (std::getenv(variable) == nullptr) continue;
    options.unicode = says_utf8(variable);  // the first that is set counts
    break;
  }
  return options;
}

std::string LiveView::interval(const LoadInterval& interval, Latency main_latency) {
  if (options_.form == Form::none) return {};
  // The rest of a second at the end tells nothing.
  if (interval.length < worth_a_line) return {};
  if (options_.form == Form::lines) return progress_line(interval, main_latency) + '\n';
  errors_ += interval.errors;
  history_.push_back(main_rate(interval));
  if (history_.size() > most_history) history_.pop_front();
  std::string text = end();
  text += drawing(interval, main_latency);
  return text;
}

std::string LiveView::end() {
  if (lines_drawn_ == 0) return {};
  return fmt::format("\x1b[{}A\r\x1b[J", std::exchange(lines_drawn_, 0));
}

std::string LiveView::drawing(const LoadInterval& interval, Latency main_latency) {
  const unsigned columns = std::max(options_.columns, 20U) - 1;
  std::string text = cut("bench " + options_.title, columns) + '\n';
  text += cut(progress(interval.begin + interval.length), columns) + '\n';
  text += cut(progress_line(interval, main_latency), columns) + '\n';
  const Histogram latency = interval.latency(main_latency);
  std::string tail = "latency";
  for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
    append_format(tail, "  p{} {}", percent, short_duration(latency.percentile(percent)));
  }
  append_format(tail, "  max {}", short_duration(latency.max()));
  text += cut(latency.count() > 0 ? tail : "no latency yet", columns) + '\n';
  text += sparkline() + fmt::format("  errors {}\n", errors_);
  lines_drawn_ = static_cast<unsigned>(std::ranges::count(text, '\n'));
  return text;
}

std::string LiveView::progress(Duration passed) const {
  if (options_.length <= Duration{0}) return fmt::format("{:.0f} s", to_seconds(passed));
  const double share = std::clamp(to_seconds(passed) / to_seconds(options_.length), 0.0, 1.0);
  constexpr int width = 40;
  const auto full = static_cast<std::size_t>(share * width);
  return fmt::format("[{}{}] {:>3.0f} %  {:.0f} s of {:.0f} s, {:.0f} s left", std::string(full, '#'),
                     std::string(width - full, '-'), share * 100, to_seconds(passed), to_seconds(options_.length),
                     std::max(0.0, to_seconds(options_.length - passed)));
}

std::string LiveView::sparkline() const {
  constexpr std::array<std::string_view, 8> blocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<std::string_view, 8> plain = {"_", ".", ":", "-", "=", "+", "*", "#"};
  const double most = *std::ranges::max_element(history_);
  // Room for the figures beside it.
  const std::size_t room = options_.columns > 50 ? options_.columns - 40 : 10;
  std::string line = "rate ";
  for (std::size_t i = history_.size() > room ? history_.size() - room : 0; i < history_.size(); ++i) {
    const auto height = most > 0 ? static_cast<std::size_t>(history_[i] / most * 7.999) : 0;
    line += (options_.unicode ? blocks : plain)[std::min<std::size_t>(height, 7)];
  }
  return line + fmt::format("  most {:.0f}/s", most);
}

}  // namespace mqtk::bench
