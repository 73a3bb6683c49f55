// The forms in which a result is told. Each is a text that ends with a line break.
#pragma once

#include <string>
#include <vector>

#include "load/load_report.hpp"

namespace mqtk::bench {

using Report = LoadReport;

// For people, in 80 columns.
[[nodiscard]] std::string summary(const Report& report);

// One line while it runs, without line break.
[[nodiscard]] std::string progress_line(const LoadInterval& interval, Latency main_latency);

// The trials of a search: each in a line, all in a table sorted by rate, and their latencies as bars.
[[nodiscard]] std::string trial_heading();
[[nodiscard]] std::string trial_line(const SearchTrial& trial);
[[nodiscard]] std::string trial_table(const std::vector<SearchTrial>& trials);
[[nodiscard]] std::string trial_plot(const std::vector<SearchTrial>& trials);

// The series as a table.
[[nodiscard]] std::string to_csv(const Report& report);

// The verdicts.
[[nodiscard]] std::string to_junit(const Report& report);

// All in one page that needs nothing else.
[[nodiscard]] std::string to_html(const Report& report);

}  // namespace mqtk::bench
