// Rows of texts with named columns, read from CSV (RFC 4180): what clients of a load test are called, or what they say.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk {

class ValueTable {
 public:
  // The first line names the columns. Every row has as many fields; an empty line at the end counts for nothing.
  // The text says what is wrong, with the number of the line.
  [[nodiscard]] static std::expected<ValueTable, std::string> parse_csv(std::string_view text);

  static constexpr std::size_t no_column = static_cast<std::size_t>(-1);
  [[nodiscard]] std::size_t column(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return columns_.empty() ? 0 : fields_.size() / columns_.size(); }
  // Rows start over after the last one; there is at least one.
  [[nodiscard]] std::string_view at(std::uint64_t row, std::size_t column) const {
    return fields_[row % rows() * columns_.size() + column];
  }

 private:
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;  // row after row
};

}  // namespace mqtk
