#include "sub/watch_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/quoted_text.hpp"
#include "cli/text_width.hpp"
#include "codec/topic.hpp"

namespace mqtk::sub {
namespace {

// A message counts less and less for the rate, after this time a third.
constexpr double rate_memory_seconds = 5;

constexpr unsigned age_width = 5;
constexpr unsigned rate_width = 8;
constexpr unsigned count_width = 8;
constexpr unsigned retained_width = 1;
constexpr unsigned fixed_width = age_width + rate_width + count_width + retained_width + 5;  // and a space before each
constexpr unsigned heading_rows = 2;
constexpr unsigned footer_rows = 1;

constexpr char escape = '\x1b';
constexpr char backspace = '\b';
constexpr char delete_key = '\x7f';

// Without what would do something to the terminal; the quotes around it are taken off again.
std::string shown(std::string_view text, std::size_t max_bytes) {
  std::string quoted;
  append_quoted(quoted, as_bytes(text.substr(0, max_bytes)));
  return quoted.substr(1, quoted.size() - 2);
}

std::string age_text(Duration age) {
  const auto whole = static_cast<std::int64_t>(to_seconds(age));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 60 * 60) return fmt::format("{} m", whole / 60);
  if (whole < 48 * 60 * 60) return fmt::format("{} h", whole / 60 / 60);
  return fmt::format("{} d", whole / 60 / 60 / 24);
}

std::string number_text(double number) {
  constexpr double too_long = 99'999.5;
  if (number >= too_long * 1000) return fmt::format("{:.0f}M", number / 1e6);
  if (number >= too_long) return fmt::format("{:.0f}k", number / 1e3);
  return fmt::format("{:.{}f}", number, number < 100 && number != std::floor(number) ? 1 : 0);
}

double rate_now(double rate, TimePoint came, TimePoint now) {
  return rate * std::exp(-to_seconds(now - came) / rate_memory_seconds);
}

}  // namespace

void WatchTable::take(const Publish& message, TimePoint now) {
  auto found = rows_.find(message.topic_name);
  if (found == rows_.end()) {
    if (rows_.size() >= most_topics) {
      ++left_out_;
      return;
    }
    found = rows_.emplace(message.topic_name, Row{}).first;
    found->second.came = now;
  }
  Row& row = found->second;
  row.rate = rate_now(row.rate, row.came, now) + 1 / rate_memory_seconds;
  row.came = now;
  ++row.count;
  row.value = shown(as_text(message.payload), longest_value_bytes);
  row.age_unknown = message.retain;
  // Of what is just published the broker does not say whether it keeps it; without payload it keeps nothing.
  row.retained = (row.retained || message.retain) && !message.payload.empty();
}

// --- keys ------------------------------------------------------------------------------------------------------------

bool WatchTable::press(char key) {
  if (!escape_.empty()) {
    escape_ += key;
    const bool introduced = escape_.size() == 2 && (key == '[' || key == 'O');
    const bool goes_on = escape_.size() > 2 && key >= '0' && key <= '9' && escape_.size() < 8;
    if (introduced || goes_on) return true;
    if (escape_.size() == 2) {
      // A lone Escape, and then a key of its own.
      escape_.clear();
      edit_filter(escape);
      return press(key);
    }
    scroll(key == '~' ? escape_[2] : key);
    escape_.clear();
    return true;
  }
  if (key == escape) {
    escape_ = key;
    // Escape alone clears the filter, and whoever presses it waits for nothing else.
    if (editing_) edit_filter(key);
    return true;
  }
  if (editing_) {
    edit_filter(key);
    return true;
  }
  if (key == 'q' || key == 'Q') return false;
  command(key);
  return true;
}

void WatchTable::command(char key) {
  switch (key) {
    case 't': return sort_by(Column::topic);
    case 'v': return sort_by(Column::value);
    case 'a': return sort_by(Column::age);
    case 'r': return sort_by(Column::rate);
    case 'c': return sort_by(Column::count);
    case 'k': return sort_by(Column::retained);
    case '/': editing_ = true; return;
    case ' ': paused_ = !paused_; return;
    default: return;
  }
}

// The most of something is what people look for; the second time it turns round.
void WatchTable::sort_by(Column column) {
  const bool numbers = column == Column::rate || column == Column::count || column == Column::retained;
  if (column == sorted_by_) {
    order_ = order_ == Order::rising ? Order::falling : Order::rising;
  } else {
    order_ = numbers ? Order::falling : Order::rising;
  }
  sorted_by_ = column;
  first_ = 0;
}

void WatchTable::edit_filter(char key) {
  first_ = 0;
  if (key == escape) {
    filter_.clear();
    editing_ = false;
  } else if (key == '\n' || key == '\r') {
    editing_ = false;
  } else if (key == backspace || key == delete_key) {
    // A character of several bytes goes as a whole.
    while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xC0U) == 0x80U) filter_.pop_back();
    if (!filter_.empty()) filter_.pop_back();
  } else if (static_cast<unsigned char>(key) >= ' ') {
    filter_ += key;
  }
}

// By the last character of the sequence, or the digit before ~.
void WatchTable::scroll(char last) {
  const std::size_t page = std::max<std::size_t>(page_, 1);
  switch (last) {
    case 'A': first_ -= std::min<std::size_t>(first_, 1); return;
    case 'B': ++first_; return;
    case '5': first_ -= std::min(first_, page); return;
    case '6': first_ += page; return;
    case 'H':
    case '1': first_ = 0; return;
    case 'F':
    case '4': first_ = rows_.size(); return;
    default: return;
  }
}

// --- the picture -----------------------------------------------------------------------------------------------------

bool WatchTable::passes_filter(std::string_view topic) const {
  if (filter_.empty()) return true;
  const bool is_topic_filter = find_wildcard(filter_) != std::string::npos;
  if (is_topic_filter && !TopicFilter::check(filter_, Version::v5)) return topic_matches(filter_, topic);
  return topic.contains(filter_);
}

bool WatchTable::is_before(const Entry& one, const Entry& other, TimePoint now) const {
  const auto compare = [this](const auto& a, const auto& b) -> std::optional<bool> {
    if (a == b) return std::nullopt;
    return order_ == Order::rising ? a < b : b < a;
  };
  std::optional<bool> before;
  switch (sorted_by_) {
    case Column::topic: before = compare(one.first, other.first); break;
    case Column::value: before = compare(one.second.value, other.second.value); break;
    case Column::age: before = compare(other.second.came, one.second.came); break;
    case Column::rate:
      before =
          compare(rate_now(one.second.rate, one.second.came, now), rate_now(other.second.rate, other.second.came, now));
      break;
    case Column::count: before = compare(one.second.count, other.second.count); break;
    case Column::retained: before = compare(one.second.retained, other.second.retained); break;
  }
  return before.value_or(one.first < other.first);
}

std::vector<const WatchTable::Entry*> WatchTable::visible(TimePoint now) const {
  std::vector<const Entry*> entries;
  for (const Entry& entry : rows_) {
    if (passes_filter(entry.first)) entries.push_back(&entry);
  }
  const bool is_sorted = sorted_by_ == Column::topic && order_ == Order::rising;
  if (!is_sorted) {
    std::ranges::sort(entries, [&](const Entry* one, const Entry* other) { return is_before(*one, *other, now); });
  }
  return entries;
}

std::string WatchTable::heading(unsigned columns, TimePoint now, std::size_t shown_topics) const {
  double rate = 0;
  for (const auto& [topic, row] : rows_) rate += rate_now(row.rate, row.came, now);
  std::string text = fmt::format("{}  {} topics  {}/s", title_, rows_.size(), number_text(rate));
  if (!filter_.empty() || editing_)
    text += fmt::format("  /{} ({})", shown(filter_, longest_value_bytes), shown_topics);
  if (paused_) text += "  paused";
  if (left_out_ > 0) text += fmt::format("  {} messages of further topics", left_out_);
  if (!notice_.empty()) text += "  " + notice_;
  return cli::cut_to_width(text, columns);
}

std::string WatchTable::column_names(unsigned topic_width, unsigned value_width) const {
  const auto name = [this](Column column, std::string_view text) {
    const std::string_view sign = column != sorted_by_ ? "" : order_ == Order::rising ? "^" : "v";
    return fmt::format("{}{}", text, sign);
  };
  return fmt::format("{} {} {:>{}} {:>{}} {:>{}} {}", cli::fit_to_width(name(Column::topic, "TOPIC"), topic_width),
                     cli::fit_to_width(name(Column::value, "VALUE"), value_width), name(Column::age, "AGE"), age_width,
                     name(Column::rate, "PER SEC"), rate_width, name(Column::count, "COUNT"), count_width,
                     sorted_by_ == Column::retained ? "k" : "K");
}

std::string WatchTable::footer() const {
  if (editing_) return "filter: a part of topics, or a Topic Filter; Return keeps it, Escape ends it";
  return "sort: t v a r c k, again: turn round   / filter   space pause   arrows   q quit";
}

std::vector<std::string> WatchTable::lines(Size size, TimePoint now) {
  if (paused_ && !frozen_.empty() && !editing_) {
    frozen_.front() = heading(size.columns, now, rows_.size());
    return frozen_;
  }
  const unsigned for_text = size.columns > fixed_width + 20 ? size.columns - fixed_width : 20;
  std::vector<const Entry*> entries = visible(now);
  std::size_t longest = std::string_view{"TOPIC^"}.size();
  for (const Entry* entry : entries) longest = std::max(longest, entry->first.size());
  const auto topic_width = static_cast<unsigned>(std::min<std::size_t>(longest, for_text * 6 / 10));
  const unsigned value_width = for_text - topic_width;

  const unsigned others = heading_rows + footer_rows;
  page_ = size.rows > others ? size.rows - others : 1;
  first_ = std::min(first_, entries.size() > page_ ? entries.size() - page_ : 0);
  std::vector<std::string> lines = {heading(size.columns, now, entries.size()),
                                    cli::fit_to_width(column_names(topic_width, value_width), size.columns)};
  for (std::size_t i = first_; i < std::min(entries.size(), first_ + page_); ++i) {
    const auto& [topic, row] = *entries[i];
    const std::string age = row.age_unknown ? "?" : age_text(now - row.came);
    lines.push_back(cli::cut_to_width(
        fmt::format("{} {} {:>{}} {:>{}} {:>{}} {}", cli::fit_to_width(shown(topic, longest_value_bytes), topic_width),
                    cli::fit_to_width(row.value, value_width), age, age_width,
                    number_text(rate_now(row.rate, row.came, now)), rate_width,
                    number_text(static_cast<double>(row.count)), count_width, row.retained ? "K" : ""),
        size.columns));
  }
  while (lines.size() + footer_rows < size.rows) lines.emplace_back();
  lines.push_back(cli::cut_to_width(footer(), size.columns));
  if (lines.size() > size.rows) lines.resize(size.rows);
  frozen_ = lines;
  return lines;
}

}  // namespace mqtk::sub
