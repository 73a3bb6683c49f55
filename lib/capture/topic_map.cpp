#include "capture/topic_map.hpp"

#include <fmt/format.h>
#include <regex.h>

#include <array>

namespace mqtk {

struct TopicMap::Rule {
  std::string from;  // of a prefix
  std::string to;
  bool is_expression = false;
  regex_t expression{};

  Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;
  ~Rule() {
    if (is_expression) ::regfree(&expression);
  }

  bool apply_prefix(std::string_view topic, std::string& changed) const {
    const bool matches = from.empty() || topic == from || (topic.starts_with(from) && topic[from.size()] == '/');
    if (!matches) return false;
    changed = to;
    changed += topic.substr(from.size());
    return true;
  }

  bool apply_expression(std::string_view topic, std::string& changed) const {
    std::array<regmatch_t, 10> groups{};
    groups[0] = {.rm_so = 0, .rm_eo = static_cast<regoff_t>(topic.size())};
    if (::regexec(&expression, topic.data(), groups.size(), groups.data(), REG_STARTEND) != 0) return false;
    const auto group = [&](std::size_t index) -> std::string_view {
      const regmatch_t& found = groups[index];
      if (found.rm_so < 0) return {};
      return topic.substr(static_cast<std::size_t>(found.rm_so), static_cast<std::size_t>(found.rm_eo - found.rm_so));
    };
    changed = topic.substr(0, static_cast<std::size_t>(groups[0].rm_so));
    for (std::size_t i = 0; i < to.size(); ++i) {
      const bool escape = to[i] == '\\' && i + 1 < to.size();
      if (escape && to[i + 1] >= '0' && to[i + 1] <= '9') {
        changed += group(static_cast<std::size_t>(to[++i] - '0'));
      } else {
        changed += escape ? to[++i] : to[i];
      }
    }
    changed += topic.substr(static_cast<std::size_t>(groups[0].rm_eo));
    return true;
  }
};

TopicMap::TopicMap() = default;
TopicMap::TopicMap(TopicMap&&) noexcept = default;
TopicMap::~TopicMap() = default;

std::expected<void, std::string> TopicMap::add(std::string_view text) {
  const bool is_expression = text.starts_with('~');
  const std::size_t equals = is_expression ? text.rfind('=') : text.find('=');
  if (equals == std::string_view::npos) return std::unexpected("not FROM=TO or ~REGEX=TO");
  auto rule = std::make_unique<Rule>();
  rule->to = text.substr(equals + 1);
  if (is_expression) {
    const std::string expression{text.substr(1, equals - 1)};
    if (const int error = ::regcomp(&rule->expression, expression.c_str(), REG_EXTENDED); error != 0) {
      std::array<char, 128> reason{};
      ::regerror(error, &rule->expression, reason.data(), reason.size());
      return std::unexpected(fmt::format("the expression is not valid: {}", reason.data()));
    }
    rule->is_expression = true;
  } else {
    rule->from = text.substr(0, equals);
  }
  rules_.push_back(std::move(rule));
  return {};
}

std::string_view TopicMap::apply(std::string_view topic, std::string& changed) const {
  for (const auto& rule : rules_) {
    const bool applied =
        rule->is_expression ? rule->apply_expression(topic, changed) : rule->apply_prefix(topic, changed);
    if (applied) return changed;
  }
  return topic;
}

}  // namespace mqtk
