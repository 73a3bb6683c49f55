// Which packets to show: `type==PUBLISH && topic~"a/+/b" && (qos>0 || problems>0)`.
//
// A comparison is a field, an operator and a number or a word, in quotes where it has other characters than letters,
// digits and - _ . / $ # + :. Operators: == != < <= > >= and ~, which for topics is the matching of Topic Filters and
// for other text "contains". A field alone asks whether the packet has it. Of a field with several values one is
// enough.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "capture/packet_fields.hpp"

namespace mqtk {

class PacketFilter {
 public:
  // The error says where and what is allowed: "column 5: 'typ' is no field; the fields are …".
  [[nodiscard]] static std::expected<PacketFilter, std::string> parse(std::string_view text);

  [[nodiscard]] bool matches(const FieldSource& source) const { return evaluate(root_, source); }

 private:
  friend class FilterParser;
  enum class Operator : std::uint8_t { exists, equal, not_equal, less, less_equal, greater, greater_equal, like };
  enum class Kind : std::uint8_t { comparison, negation, conjunction, disjunction };
  struct Node {
    Kind kind = Kind::comparison;
    std::size_t left = 0;  // of nodes_
    std::size_t right = 0;
    PacketField field{};
    Operator op = Operator::exists;
    std::string text = {};
    std::uint64_t number = 0;                      // where the field's values are numbers
    std::optional<double> decimal = std::nullopt;  // where texts are put in order by the number that they hold
  };

  [[nodiscard]] bool evaluate(std::size_t node, const FieldSource& source) const;
  template <class Value>
  [[nodiscard]] static bool holds(Operator op, const Value& a, const Value& b);
  [[nodiscard]] static bool compare(const Node& node, const FieldValue& value);
  [[nodiscard]] static bool compare_text(const Node& node, std::string_view text);

  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace mqtk
