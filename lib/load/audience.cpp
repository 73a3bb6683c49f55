#include "load/audience.hpp"

#include <set>

#include "codec/topic.hpp"

namespace mqtk {

std::string filter_of(const ClientGroup& group, const LoadSubscription& subscription, std::uint32_t number,
                      TemplateValues values) {
  values.number = group.filter_numbers == 0 ? number : number % group.filter_numbers;
  return subscription.filter.text(values);
}

Audience::Audience(const Scenario& scenario, const std::function<bool(std::uint32_t, std::uint32_t)>& is_there) {
  std::set<std::string, std::less<>> shared;
  std::uint32_t client = 0;
  for (std::uint32_t g = 0; g < scenario.groups.size(); ++g) {
    const ClientGroup& group = scenario.groups[g];
    const std::uint32_t first = client;
    client += group.count;
    if (!group.subscribes() || group.responds || group.joins_after) continue;
    for (std::uint32_t i = 0; i < group.count; ++i) {
      if (!is_there(g, i)) continue;
      for (const LoadSubscription& subscription : group.subscriptions) {
        const std::string text = filter_of(group, subscription, i, {.client = first + i, .table = &scenario.table});
        const TopicFilter filter = TopicFilter::checked(text, group.connect.version);
        if (filter.is_shared() && !shared.emplace(filter.text()).second) continue;
        Counts& counts = filter.has_wildcard() ? wildcards_ : exact_;
        ++counts[std::string{filter.filter()}];
      }
    }
  }
}

std::uint32_t Audience::copies(std::string_view topic) const {
  std::uint32_t count = 0;
  if (const auto found = exact_.find(topic); found != exact_.end()) count += found->second;
  for (const auto& [filter, receivers] : wildcards_) {
    if (topic_matches(filter, topic)) count += receivers;
  }
  return count;
}

}  // namespace mqtk
