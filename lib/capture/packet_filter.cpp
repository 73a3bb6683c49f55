#include "capture/packet_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "codec/topic.hpp"

namespace mqtk {
namespace {

constexpr int max_depth = 64;

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"-_./$#+:"}.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::optional<std::uint64_t> number_of(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  if (text == "true") return 1;
  if (text == "false") return 0;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> version_of(std::string_view text) {
  if (text == "5.0") return 5;
  if (text == "3.1.1") return 4;
  if (text == "3.1") return 3;
  return number_of(text);
}

std::optional<double> decimal_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_topic(PacketField field) {
  return field == PacketField::topic || field == PacketField::will_topic ||
         field == field_of(PropertyId::response_topic);
}

bool is_packet_type(std::string_view name) {
  for (unsigned type = 0; type < 16; ++type) {
    if (packet_type_name(static_cast<PacketType>(type)) == name) return true;
  }
  return false;
}

// As --fields prints it; empty if the text names none.
std::string_view direction_named(std::string_view text) {
  if (text == "C>S" || text == "client_to_server" || text == "client") return "C>S";
  if (text == "S>C" || text == "server_to_client" || text == "server") return "S>C";
  return {};
}

}  // namespace

class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : text_(text) {}

  std::expected<PacketFilter, std::string> parse() {
    filter_.root_ = disjunction(0);
    skip_blanks();
    if (error_.empty() && at_ < text_.size()) fail("&&, || or the end must stand here");
    if (!error_.empty()) return std::unexpected(error_);
    return std::move(filter_);
  }

 private:
  using Node = PacketFilter::Node;
  using Kind = PacketFilter::Kind;
  using Operator = PacketFilter::Operator;

  void fail(std::string_view what) {
    if (error_.empty()) error_ = fmt::format("column {}: {}", at_ + 1, what);
    at_ = text_.size();
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  std::size_t add(Node node) {
    filter_.nodes_.push_back(std::move(node));
    return filter_.nodes_.size() - 1;
  }

  std::size_t disjunction(int depth) {
    std::size_t left = conjunction(depth);
    while (take("||")) {
      const std::size_t right = conjunction(depth);
      left = add({.kind = Kind::disjunction, .left = left, .right = right});
    }
    return left;
  }
  std::size_t conjunction(int depth) {
    std::size_t left = term(depth);
    while (take("&&")) {
      const std::size_t right = term(depth);
      left = add({.kind = Kind::conjunction, .left = left, .right = right});
    }
    return left;
  }
  std::size_t term(int depth) {
    if (depth > max_depth) {
      fail("this is nested too deeply");
      return add({});
    }
    if (take("!")) return add({.kind = Kind::negation, .left = term(depth + 1)});
    if (take("(")) {
      const std::size_t inner = disjunction(depth + 1);
      if (!take(")")) fail("a ) is missing");
      return inner;
    }
    return comparison();
  }
  std::size_t comparison();
  void check_value(Node& node, bool quoted);
  std::string word();
  Operator comparison_operator();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
  PacketFilter filter_;
};

std::string FilterParser::word() {
  skip_blanks();
  if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
    const char quote = text_[at_];
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      fail("the quotation mark has no other");
      return {};
    }
    std::string quoted{text_.substr(at_ + 1, end - at_ - 1)};
    at_ = end + 1;
    return quoted;
  }
  const std::size_t from = at_;
  while (at_ < text_.size() && is_word_character(text_[at_])) ++at_;
  return std::string{text_.substr(from, at_ - from)};
}

PacketFilter::Operator FilterParser::comparison_operator() {
  // The longer signs first: < begins <=.
  constexpr std::pair<std::string_view, Operator> signs[] = {
      {"==", Operator::equal},         {"!=", Operator::not_equal}, {"<=", Operator::less_equal}, {"<", Operator::less},
      {">=", Operator::greater_equal}, {">", Operator::greater},    {"=", Operator::equal},       {"~", Operator::like},
  };
  for (const auto& [sign, op] : signs) {
    if (take(sign)) return op;
  }
  return Operator::exists;
}

std::size_t FilterParser::comparison() {
  skip_blanks();
  const std::size_t from = at_;
  const std::string name = word();
  const auto field = find_packet_field(name);
  if (!field) {
    if (!error_.empty()) return add({});
    at_ = from;
    std::string names;
    for (const PacketFieldInfo& info : all_packet_fields()) names.append(names.empty() ? "" : ", ").append(info.name);
    fail(name.empty() ? "a field must stand here: " + names
                      : fmt::format("'{}' is no field; the fields are {}", name, names));
    return add({});
  }
  Node node;
  node.field = *field;
  node.op = comparison_operator();
  if (node.op == Operator::exists) return add(std::move(node));
  skip_blanks();
  if (at_ >= text_.size()) fail("a value is missing");
  const bool quoted = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'');
  const std::size_t value_at = at_;
  if (node.field == PacketField::direction && (take("C>S") || take("S>C"))) {
    node.text = text_.substr(value_at, 3);
  } else {
    node.text = word();
  }
  if (error_.empty() && node.text.empty() && !quoted) fail("a value must stand here");
  if (error_.empty()) {
    const std::size_t behind = std::exchange(at_, value_at);
    check_value(node, quoted);
    if (error_.empty()) at_ = behind;
  }
  return add(std::move(node));
}

// A comparison that no packet can fulfil is a slip: nothing would be shown, as if there was nothing.
void FilterParser::check_value(Node& node, bool quoted) {
  const bool in_order = node.op != Operator::equal && node.op != Operator::not_equal && node.op != Operator::like;
  if (is_number(node.field)) {
    if (node.op == Operator::like) return fail("~ is for texts, and this field is a number");
    const auto number = node.field == PacketField::version ? version_of(node.text) : number_of(node.text);
    if (!number) return fail(fmt::format("'{}' is no whole number, and this field is one", node.text));
    node.number = *number;
  } else if (node.field == PacketField::type) {
    std::ranges::transform(node.text, node.text.begin(), upper);
    if (node.op != Operator::like && !is_packet_type(node.text)) {
      fail(fmt::format("'{}' is no type of packet", node.text));
    }
  } else if (node.field == PacketField::direction) {
    if (node.op == Operator::like) return;
    const std::string_view named = direction_named(node.text);
    if (named.empty()) return fail(fmt::format("'{}' is no direction: C>S or S>C", node.text));
    node.text = named;
  } else if (node.op == Operator::like && is_topic(node.field)) {
    if (!TopicFilter::from(node.text, Version::v5)) fail(fmt::format("'{}' is no valid Topic Filter", node.text));
  } else if (in_order && !quoted && node.field != PacketField::time) {
    node.decimal = decimal_of(node.text);
  }
}

std::expected<PacketFilter, std::string> PacketFilter::parse(std::string_view text) {
  return FilterParser{text}.parse();
}

template <class Value>
bool PacketFilter::holds(Operator op, const Value& a, const Value& b) {
  switch (op) {
    case Operator::equal: return a == b;
    case Operator::less: return a < b;
    case Operator::less_equal: return a <= b;
    case Operator::greater: return a > b;
    case Operator::greater_equal: return a >= b;
    default: return false;
  }
}

bool PacketFilter::compare(const Node& node, const FieldValue& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return holds(node.op, *number, node.number);
  return compare_text(node, std::get<std::string_view>(value));
}

bool PacketFilter::compare_text(const Node& node, std::string_view text) {
  if (node.decimal) {
    const auto number = decimal_of(text);
    return number && holds(node.op, *number, *node.decimal);
  }
  if (node.op != Operator::like) return holds(node.op, text, std::string_view{node.text});
  if (!is_topic(node.field)) return text.find(node.text) != std::string_view::npos;
  return !text.empty() && topic_matches(TopicFilter::checked(node.text, Version::v5).filter(), text);
}

bool PacketFilter::evaluate(std::size_t index, const FieldSource& source) const {
  const Node& node = nodes_[index];
  switch (node.kind) {
    case Kind::negation: return !evaluate(node.left, source);
    case Kind::conjunction: return evaluate(node.left, source) && evaluate(node.right, source);
    case Kind::disjunction: return evaluate(node.left, source) || evaluate(node.right, source);
    case Kind::comparison: break;
  }
  bool found = false;
  if (node.op == Operator::not_equal) {
    Node equal = node;
    equal.op = Operator::equal;
    for_each_value(node.field, source, [&](const FieldValue& value) { found = found || compare(equal, value); });
    return !found;
  }
  for_each_value(node.field, source, [&](const FieldValue& value) {
    found = found || node.op == Operator::exists || compare(node, value);
  });
  return found;
}

}  // namespace mqtk
