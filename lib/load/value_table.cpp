#include "load/value_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mqtk {
namespace {

// Takes fields off the front of a text.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t line() const { return line_; }

  // The fields up to the end of the line; false for a quote that is never closed or stands within a field.
  bool take_row(std::vector<std::string>& fields) {
    fields.clear();
    for (;;) {
      std::string& field = fields.emplace_back();
      if (rest_.starts_with('"')) {
        if (!take_quoted(field)) return false;
      } else {
        field = take_until_separator();
        if (field.find('"') != std::string::npos) return false;
      }
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
        continue;
      }
      return end_line();
    }
  }

 private:
  std::string take_until_separator() {
    const std::size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    std::string field{rest_.substr(0, end)};
    rest_.remove_prefix(end);
    return field;
  }

  bool take_quoted(std::string& field) {
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) return false;
      field += rest_.substr(0, quote);
      line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, quote), '\n'));
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) return true;
      field += '"';
      rest_.remove_prefix(1);
    }
  }

  bool end_line() {
    if (rest_.starts_with('\r')) rest_.remove_prefix(1);
    if (rest_.empty()) return true;
    if (rest_.front() != '\n') return false;
    rest_.remove_prefix(1);
    ++line_;
    return true;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

}  // namespace

std::expected<ValueTable, std::string> ValueTable::parse_csv(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  CsvReader reader{text};
  ValueTable table;
  std::vector<std::string> fields;
  while (!reader.at_end()) {
    const std::size_t line = reader.line();
    if (!reader.take_row(fields)) return std::unexpected(fmt::format("line {}: a quote is out of place", line));
    if (table.columns_.empty()) {
      table.columns_ = fields;
      continue;
    }
    if (fields.size() == 1 && fields[0].empty() && reader.at_end()) break;
    if (fields.size() != table.columns_.size()) {
      return std::unexpected(fmt::format("line {}: {} fields where the first line names {} columns", line,
                                         fields.size(), table.columns_.size()));
    }
    std::ranges::move(fields, std::back_inserter(table.fields_));
  }
  if (table.rows() == 0) return std::unexpected("no rows: the first line names the columns, each other one is a row");
  return table;
}

std::size_t ValueTable::column(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name);
  return found == columns_.end() ? no_column : static_cast<std::size_t>(found - columns_.begin());
}

}  // namespace mqtk
