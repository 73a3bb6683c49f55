#include "codec/topic.hpp"

#include <cstring>

#include "base/utf8.hpp"

namespace mqtk {
namespace {

Fault at(Rule rule, std::size_t offset) { return {rule, static_cast<std::uint32_t>(offset)}; }

Fault check_text(std::string_view text, Rule not_utf8) {
  if (text.size() > 0xFFFF) return at(Rule::packet_too_long, 0xFFFF);
  const Utf8Check utf8 = check_utf8(as_bytes(text));
  if (utf8.result == Utf8::has_null) return at(Rule::topic_has_null, utf8.offset);
  if (utf8.result == Utf8::ill_formed) return at(not_utf8, utf8.offset);
  return {};
}

// Wildcards stand alone in their level, and # only in the last one.
Fault check_wildcards(std::string_view filter, std::size_t offset) {
  for (std::size_t i = find_wildcard(filter); i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    const bool alone = (i == 0 || filter[i - 1] == '/') && (i + 1 == filter.size() || filter[i + 1] == '/');
    if (filter[i] == '+' && !alone) return at(Rule::single_level_wildcard_misplaced, offset + i);
    if (filter[i] == '#' && (!alone || i + 1 != filter.size())) {
      return at(Rule::multi_level_wildcard_misplaced, offset + i);
    }
  }
  return {};
}

constexpr std::string_view share_prefix = "$share/";

}  // namespace

Fault TopicName::check(std::string_view text) {
  if (text.empty()) return at(Rule::topic_name_empty, 0);
  if (const Fault fault = check_text(text, Rule::topic_name_not_utf8)) return fault;
  const std::size_t wildcard = find_wildcard(text);
  if (wildcard != std::string_view::npos) return at(Rule::topic_name_has_wildcard, wildcard);
  return {};
}

std::optional<TopicName> TopicName::from(std::string_view text) {
  if (check(text)) return std::nullopt;
  return TopicName{text};
}

Fault TopicFilter::check(std::string_view text, Version version) {
  if (text.empty()) return at(Rule::topic_filter_empty, 0);
  if (const Fault fault = check_text(text, Rule::subscribe_filter_not_utf8)) return fault;
  if (version != Version::v5 || !text.starts_with(share_prefix)) return check_wildcards(text, 0);
  const std::string_view rest = text.substr(share_prefix.size());
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  if (name.empty()) return at(Rule::share_name_empty, share_prefix.size());
  const std::size_t wildcard = find_wildcard(name);
  if (wildcard != std::string_view::npos) return at(Rule::share_name_invalid, share_prefix.size() + wildcard);
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return at(Rule::share_name_invalid, text.size());
  return check_wildcards(rest.substr(slash + 1), share_prefix.size() + slash + 1);
}

std::optional<TopicFilter> TopicFilter::from(std::string_view text, Version version) {
  if (check(text, version)) return std::nullopt;
  return TopicFilter{text, version};
}

TopicFilter::TopicFilter(std::string_view text, Version version) : text_(text), filter_(text) {
  if (version != Version::v5 || !text.starts_with(share_prefix)) return;
  const std::size_t slash = text.find('/', share_prefix.size());
  share_name_ = text.substr(share_prefix.size(), slash - share_prefix.size());
  filter_ = text.substr(slash + 1);
}

bool TopicFilter::has_wildcard() const { return find_wildcard(filter_) != std::string_view::npos; }

std::size_t find_wildcard(std::string_view text) {
  std::size_t at = 0;
  // Eight bytes at a time: a byte of `x` is zero where the text has the character sought, and the usual trick finds
  // a zero byte without looking at each.
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  const auto has_zero = [](std::uint64_t x) { return ((x - ones) & ~x & high_bits) != 0; };
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (has_zero(word ^ (ones * '+')) || has_zero(word ^ (ones * '#'))) break;
  }
  for (; at < text.size(); ++at) {
    if (text[at] == '+' || text[at] == '#') return at;
  }
  return std::string_view::npos;
}

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (!topic.empty() && topic.front() == '$' && (filter.front() == '+' || filter.front() == '#')) return false;
  for (;;) {
    if (filter == "#") return true;
    const std::size_t filter_end = filter.find('/');
    const std::size_t topic_end = topic.find('/');
    const std::string_view level = filter.substr(0, filter_end);
    if (level != "+" && level != topic.substr(0, topic_end)) return false;
    if (topic_end == std::string_view::npos) {
      return filter_end == std::string_view::npos || filter.substr(filter_end) == "/#";
    }
    if (filter_end == std::string_view::npos) return false;
    filter.remove_prefix(filter_end + 1);
    topic.remove_prefix(topic_end + 1);
  }
}

}  // namespace mqtk
