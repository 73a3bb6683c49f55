#include "session/topic_alias.hpp"

#include <algorithm>

namespace mqtk {

Rule IncomingAliases::resolve(Publish& publish, std::uint16_t maximum) {
  const std::optional<std::uint32_t> alias = publish.properties.number(PropertyId::topic_alias);
  if (!alias) return Rule::none;
  if (*alias > maximum) return Rule::topic_alias_too_large;
  if (!publish.topic_name.empty()) {
    if (topics_.size() < *alias) topics_.resize(*alias);
    topics_[*alias - 1] = publish.topic_name;
  } else if (topics_.size() < *alias || topics_[*alias - 1].empty()) {
    return Rule::topic_alias_unknown;
  }
  publish.topic_name = topics_[*alias - 1];
  return Rule::none;
}

OutgoingAliases::OutgoingAliases(std::uint16_t maximum, std::uint16_t automatic)
    : maximum_(maximum), automatic_(std::min(maximum, automatic)) {}

Rule OutgoingAliases::check_explicit(std::uint16_t alias, std::string_view topic) const {
  if (alias > maximum_) return Rule::topic_alias_too_large;
  const bool meant = alias >= 1 && alias <= meant_.size() && meant_[alias - 1U];
  return topic.empty() && !meant ? Rule::topic_alias_unknown : Rule::none;
}

void OutgoingAliases::note_explicit(std::uint16_t alias) {
  automatic_ = 0;
  if (meant_.size() < alias) meant_.resize(alias);
  meant_[alias - 1U] = true;
}

OutgoingAliases::Choice OutgoingAliases::choose(std::string_view topic) const {
  if (automatic_ == 0) return {};
  if (const auto found = entries_.find(topic); found != entries_.end()) return {found->second->alias, true};
  if (by_use_.size() < automatic_) return {static_cast<std::uint16_t>(by_use_.size() + 1), false};
  return {by_use_.back().alias, false};
}

void OutgoingAliases::note(Choice choice, std::string_view topic) {
  if (choice.alias == 0) return;
  if (choice.known) {
    by_use_.splice(by_use_.begin(), by_use_, entries_.find(topic)->second);
    return;
  }
  if (by_use_.size() == automatic_) {
    entries_.erase(by_use_.back().topic);
    by_use_.pop_back();
  }
  by_use_.push_front({std::string{topic}, choice.alias});
  entries_.emplace(by_use_.front().topic, by_use_.begin());
  if (meant_.size() < choice.alias) meant_.resize(choice.alias);
  meant_[choice.alias - 1U] = true;
}

}  // namespace mqtk
