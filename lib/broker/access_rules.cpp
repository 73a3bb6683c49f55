#include "broker/access_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codec/topic.hpp"

namespace mqtk {
namespace {

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The levels of a filter one by one.
class Levels {
 public:
  explicit Levels(std::string_view filter) : rest_(filter) {}
  // Nothing behind the last one.
  std::optional<std::string_view> next() {
    if (ended_) return std::nullopt;
    const std::size_t slash = rest_.find('/');
    const std::string_view level = rest_.substr(0, slash);
    ended_ = slash == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(slash + 1);
    return level;
  }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

bool begins_with_wildcard(std::string_view filter) { return filter.starts_with('#') || filter.starts_with('+'); }

// Wildcards at the first level do not match topics that begin with '$' [MQTT-4.7.2-1].
bool parted_by_dollar(std::string_view one, std::string_view other) {
  return (begins_with_wildcard(one) && other.starts_with('$')) || (begins_with_wildcard(other) && one.starts_with('$'));
}

// A name that would change the meaning of the pattern makes it match nothing.
std::optional<std::string> filled_in(std::string_view pattern, const AccessRules::Client& client) {
  std::string topic;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool is_name =
        pattern[i] == '%' && i + 1 < pattern.size() && (pattern[i + 1] == 'c' || pattern[i + 1] == 'u');
    if (!is_name) {
      topic += pattern[i];
      continue;
    }
    const std::string_view name = pattern[++i] == 'c' ? client.client_identifier : client.user_name;
    if (name.empty() || name.find_first_of("+#/") != std::string_view::npos) return std::nullopt;
    topic += name;
  }
  return topic;
}

}  // namespace

bool filter_covers(std::string_view rule, std::string_view filter) {
  if (parted_by_dollar(rule, filter)) return false;
  Levels ours(rule);
  Levels theirs(filter);
  for (;;) {
    const auto own = ours.next();
    if (own == "#") return true;  // also where the filter has ended: "a/#" matches "a"
    const auto level = theirs.next();
    if (!own || !level) return !own && !level;
    if (*level == "#" || (*level == "+" && *own != "+")) return false;
    if (*own != "+" && *own != *level) return false;
  }
}

bool filters_overlap(std::string_view one, std::string_view other) {
  if (parted_by_dollar(one, other)) return false;
  Levels first(one);
  Levels second(other);
  for (;;) {
    const auto a = first.next();
    const auto b = second.next();
    if (a == "#" || b == "#") return true;
    if (!a || !b) return !a && !b;
    if (*a != "+" && *b != "+" && *a != *b) return false;
  }
}

std::expected<AccessRules, std::string> AccessRules::parse(std::string_view text) {
  AccessRules rules;
  std::string user;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = trimmed(take_until(text, '\n'));
    if (line.empty() || line.starts_with('#')) continue;
    const auto refused = [&](std::string_view why) { return std::unexpected(fmt::format("line {}: {}", number, why)); };
    const std::string_view kind = take_until(line, ' ');
    line = trimmed(line);
    if (kind == "user") {
      if (line.empty()) return refused("'user' without a name");
      user = line;
      continue;
    }
    if (kind != "topic" && kind != "pattern") return refused("does not begin with user, topic or pattern");
    Rule rule{.for_all = kind == "pattern", .user_name = user, .topic = {}};
    std::string_view rest = line;
    const std::string_view word = take_until(rest, ' ');
    constexpr std::pair<std::string_view, Access> words[] = {
        {"read", Access::read}, {"write", Access::write}, {"readwrite", Access::both}, {"deny", Access::deny}};
    const auto found = std::ranges::find(words, word, &std::pair<std::string_view, Access>::first);
    // A topic may be called "read". Behind a word that is misspelt stands a rule that would not count.
    if (!trimmed(rest).empty()) {
      if (found == std::end(words)) {
        return refused(fmt::format("'{}' is none of read, write, readwrite and deny", word));
      }
      rule.access = found->second;
      line = trimmed(rest);
    }
    if (TopicFilter::check(line, Version::v3_1_1)) return refused("that is no Topic Filter");
    rule.topic = line;
    rules.rules_.push_back(std::move(rule));
  }
  return rules;
}

bool AccessRules::allowed(const Client& client, std::string_view filter, Access wanted) const {
  bool found = false;
  for (const Rule& rule : rules_) {
    if (!rule.for_all && rule.user_name != client.user_name) continue;
    const auto topic = rule.for_all ? filled_in(rule.topic, client) : std::optional(rule.topic);
    if (!topic) continue;
    if (rule.access == Access::deny) {
      if (filters_overlap(*topic, filter)) return false;
      continue;
    }
    if (!found && (rule.access == wanted || rule.access == Access::both)) found = filter_covers(*topic, filter);
  }
  return found;
}

bool AccessRules::may_publish(const Client& client, std::string_view topic_name) const {
  return allowed(client, topic_name, Access::write);
}

bool AccessRules::may_subscribe(const Client& client, std::string_view topic_filter) const {
  if (topic_filter.starts_with("$share/")) {
    const std::size_t name_end = topic_filter.find('/', 7);
    if (name_end != std::string_view::npos) topic_filter.remove_prefix(name_end + 1);
  }
  return allowed(client, topic_filter, Access::read);
}

}  // namespace mqtk
