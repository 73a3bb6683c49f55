#include "broker/fault_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/utf8.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

using Kind = FaultRule::Kind;
using Accepted = std::expected<void, std::string>;

enum class Value : std::uint8_t { none, reason_code, time, optional_time, number, optional_number };

struct KindRow {
  std::string_view name;
  Kind kind;
  Value value;
  std::optional<PacketType> packet;  // the only one that it can strike
};

constexpr KindRow kinds[] = {
    {"refuse", Kind::refuse, Value::reason_code, PacketType::connect},
    {"answer", Kind::answer, Value::reason_code, {}},
    {"withhold", Kind::withhold, Value::none, {}},
    {"drop", Kind::drop, Value::none, {}},
    {"duplicate", Kind::duplicate, Value::none, {}},
    {"corrupt", Kind::corrupt, Value::none, {}},
    {"delay", Kind::delay, Value::time, {}},
    {"stall", Kind::stall, Value::optional_time, {}},
    {"throttle", Kind::throttle, Value::number, {}},
    {"cut", Kind::cut, Value::optional_number, {}},
    {"close", Kind::close, Value::none, {}},
    {"disconnect", Kind::disconnect, Value::reason_code, {}},
    {"take-over", Kind::take_over, Value::none, {}},
    {"forget", Kind::forget, Value::none, {}},
    {"restart", Kind::restart, Value::none, {}},
    {"receive-maximum", Kind::receive_maximum, Value::number, PacketType::connack},
};

std::expected<std::uint64_t, std::string> number_of(std::string_view name, std::string_view text, std::uint64_t least,
                                                    std::uint64_t most) {
  const int base = text.starts_with("0x") ? 16 : 10;
  const std::string_view digits = base == 16 ? text.substr(2) : text;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < least || value > most) {
    return std::unexpected(fmt::format("{} '{}' is not a number from {} to {}", name, text, least, most));
  }
  return value;
}

Accepted set_packet(FaultRule& rule, std::string_view text) {
  std::string upper{text};
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  for (unsigned type = 1; type <= 15; ++type) {
    if (packet_type_name(static_cast<PacketType>(type)) != upper) continue;
    rule.packet = static_cast<PacketType>(type);
    return {};
  }
  return std::unexpected(fmt::format("'{}' is no packet type", text));
}

Accepted set_direction(FaultRule& rule, std::string_view text) {
  if (text != "to-broker" && text != "to-client") {
    return std::unexpected(fmt::format("direction '{}' is neither to-broker nor to-client", text));
  }
  rule.direction = text == "to-broker" ? PacketDirection::to_broker : PacketDirection::to_client;
  return {};
}

Accepted set_probability(FaultRule& rule, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1)) {
    return std::unexpected(fmt::format("probability '{}' is not a number from 0 to 1", text));
  }
  rule.probability = value;
  return {};
}

Accepted set_number(std::optional<std::uint64_t>& target, std::string_view name, std::string_view text) {
  const auto number = number_of(name, text, 0, std::numeric_limits<std::uint64_t>::max());
  if (!number) return std::unexpected(number.error());
  target = *number;
  return {};
}

Accepted set_selector(FaultRule& rule, std::string_view name, std::string_view value) {
  if (value.empty()) return std::unexpected(fmt::format("'{}' has no value", name));
  if (name == "client") {
    rule.client = value;
    return {};
  }
  if (name == "topic") {
    if (TopicFilter::check(value, Version::v5)) return std::unexpected(fmt::format("'{}' is no Topic Filter", value));
    rule.topic_filter = value;
    return {};
  }
  if (name == "packet") return set_packet(rule, value);
  if (name == "direction") return set_direction(rule, value);
  if (name == "probability") return set_probability(rule, value);
  if (name == "count") return set_number(rule.count, name, value);
  if (name == "seed") return set_number(rule.seed, name, value);
  if (name == "after") {
    const auto number = number_of(name, value, 0, std::numeric_limits<std::uint64_t>::max());
    if (!number) return std::unexpected(number.error());
    rule.after = *number;
    return {};
  }
  return std::unexpected(fmt::format(
      "unknown word '{}': not one of client, topic, packet, direction, after, count, probability, seed", name));
}

Accepted set_value(FaultRule& rule, const KindRow& row, std::string_view value) {
  const bool optional = row.value == Value::optional_time || row.value == Value::optional_number;
  if (row.value == Value::none && !value.empty()) return std::unexpected(fmt::format("{} takes no value", row.name));
  if (value.empty()) {
    if (row.value == Value::none || optional) return {};
    return std::unexpected(fmt::format("{0} needs a value: {0}=…", row.name));
  }
  if (row.value == Value::time || row.value == Value::optional_time) {
    rule.time = parse_duration(value);
    if (!rule.time) return std::unexpected(fmt::format("{} '{}' is no time such as 500ms or 2s", row.name, value));
    return {};
  }
  const std::uint64_t least = row.kind == Kind::throttle || row.kind == Kind::receive_maximum ? 1 : 0;
  const std::uint64_t most = row.value == Value::reason_code     ? 0xFF
                             : row.kind == Kind::receive_maximum ? 0xFFFF
                                                                 : std::numeric_limits<std::uint32_t>::max();
  const auto number = number_of(row.name, value, least, most);
  if (!number) return std::unexpected(number.error());
  rule.number = *number;
  rule.reason_code = static_cast<std::uint8_t>(*number);
  return {};
}

Accepted set_kind(FaultRule& rule, std::string_view name, std::string_view value) {
  const auto* const row = std::ranges::find(kinds, name, &KindRow::name);
  if (row == std::end(kinds)) {
    std::string names;
    for (const KindRow& known : kinds) names.append(names.empty() ? "" : ", ").append(known.name);
    return std::unexpected(fmt::format("unknown fault '{}': not one of {}", name, names));
  }
  rule.kind = row->kind;
  rule.packet = row->packet;
  if (row->kind == Kind::answer) rule.direction = PacketDirection::to_broker;
  if (row->kind == Kind::withhold) rule.direction = PacketDirection::to_client;
  return set_value(rule, *row, value);
}

bool has_topic(PacketType type) {
  return type == PacketType::publish || type == PacketType::subscribe || type == PacketType::unsubscribe;
}

// Of packets that go in one direction only.
std::optional<PacketDirection> direction_of(PacketType type) {
  switch (type) {
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq: return PacketDirection::to_broker;
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp: return PacketDirection::to_client;
    default: return std::nullopt;
  }
}

// A rule that no packet can meet would wait for ever without a word.
Accepted check_sense(const FaultRule& rule) {
  const KindRow& row = *std::ranges::find(kinds, rule.kind, &KindRow::kind);
  if (row.packet && rule.packet != row.packet) {
    return std::unexpected(fmt::format("{} is about {} only", row.name, packet_type_name(*row.packet)));
  }
  if (rule.kind == Kind::answer) {
    if (rule.packet && !has_topic(*rule.packet)) {
      return std::unexpected("answer is about PUBLISH, SUBSCRIBE and UNSUBSCRIBE only");
    }
    if (rule.direction != PacketDirection::to_broker) return std::unexpected("answer is about packets to-broker only");
  }
  if (rule.kind == Kind::withhold && rule.packet && !can_be_withheld(*rule.packet)) {
    return std::unexpected("withhold is about PUBACK, PUBREC, PUBCOMP, SUBACK and UNSUBACK only");
  }
  const bool never_has_topic = rule.kind == Kind::withhold || (rule.packet && !has_topic(*rule.packet));
  if (!rule.topic_filter.empty() && never_has_topic) {
    return std::unexpected(fmt::format(
        "topic: {} no topic", rule.kind == Kind::withhold ? std::string{"acknowledgements have"}
                                                          : fmt::format("{} has", packet_type_name(*rule.packet))));
  }
  if (rule.packet && rule.direction && direction_of(*rule.packet).value_or(*rule.direction) != *rule.direction) {
    return std::unexpected(fmt::format("no {} goes {}", packet_type_name(*rule.packet),
                                       rule.direction == PacketDirection::to_broker ? "to-broker" : "to-client"));
  }
  return {};
}

}  // namespace

std::expected<FaultRule, std::string> parse_fault_rule(std::string_view text) {
  FaultRule rule;
  if (!is_mqtt_text(as_bytes(text))) return std::unexpected("the rule is not valid UTF-8");
  rule.text = text;
  bool first = true;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end;
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = equals < word.size() ? word.substr(equals + 1) : std::string_view{};
    const auto accepted = first ? set_kind(rule, name, value) : set_selector(rule, name, value);
    if (!accepted) return std::unexpected(accepted.error());
    first = false;
  }
  if (first) return std::unexpected("the rule is empty");
  if (const auto sensible = check_sense(rule); !sensible) return std::unexpected(sensible.error());
  return rule;
}

bool can_be_withheld(PacketType type) {
  return type == PacketType::puback || type == PacketType::pubrec || type == PacketType::pubcomp ||
         type == PacketType::suback || type == PacketType::unsuback;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;  // the latest in the pattern, and where its text began
  std::size_t star_text = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_text = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

}  // namespace mqtk
