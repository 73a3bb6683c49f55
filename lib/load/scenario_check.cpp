#include "load/scenario_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "codec/topic.hpp"
#include "load/audience.hpp"
#include "load/message_stamp.hpp"

namespace mqtk {
namespace {

using Checked = std::expected<void, std::string>;

constexpr std::uint64_t most_clients = 1'000'000;

// Looks at one group.
class GroupCheck {
 public:
  GroupCheck(const Scenario& scenario, const ClientGroup& group) : scenario_(scenario), group_(group) {}

  Checked check() const {
    if (group_.publishes()) {
      if (auto checked = check_publishing(); !checked) return checked;
    }
    if (group_.subscribes()) {
      if (auto checked = check_subscriptions(); !checked) return checked;
    }
    if (group_.responds && !group_.subscribes()) return wrong("responds to nothing: give it a subscription");
    if (group_.responds && group_.publishes()) return wrong("either publishes or responds");
    const TextTemplate identifier =
        TextTemplate::parse(group_.connect.client_identifier, TextTemplate::Braces::are_text, table())
            .value_or(TextTemplate{});
    if (!identifier.empty() && group_.count > 1 && !identifier.differs_by_client()) {
      return wrong("more than one client needs {i} in the client identifier");
    }
    if (group_.connect.will) {
      const auto topic = TextTemplate::parse(group_.connect.will->topic, TextTemplate::Braces::are_text, table());
      if (const Fault fault = TopicName::check(topic ? example(*topic) : ""))
        return wrong(fmt::format("the Will's topic: {}", rule_info(fault.rule).text));
    }
    return {};
  }

 private:
  Checked wrong(std::string_view what) const {
    return std::unexpected(fmt::format("group '{}': {}", group_.name, what));
  }
  const ValueTable* table() const { return scenario_.table.rows() > 0 ? &scenario_.table : nullptr; }
  std::string example(const TextTemplate& text) const {
    std::uint64_t random = 1;
    return text.text({.number = group_.count, .client = group_.count, .random = &random, .table = table()});
  }

  Checked check_publishing() const {
    for (const TextTemplate* topic : {&group_.topic, &group_.response_topic}) {
      if (topic->empty()) continue;
      if (const Fault fault = TopicName::check(example(*topic))) {
        return wrong(fmt::format("topic '{}': {}", topic->source(), rule_info(fault.rule).text));
      }
    }
    if (group_.response_topic.varies())
      return wrong("the response topic must be the same for all requests of a client");
    if (group_.requests() && group_.subscribes()) return wrong("who requests hears the answers and nothing else");
    if (group_.joins_after) return wrong("who publishes is there from the beginning");
    if (group_.pacing == Pacing::closed_loop && group_.qos == QoS::at_most_once && !group_.requests()) {
      return wrong("a closed loop needs QoS 1 or 2: at QoS 0 nothing comes back to wait for");
    }
    if (group_.think_time > Duration{0} && group_.pacing != Pacing::closed_loop) {
      return wrong("think_time needs a closed loop");
    }
    if (group_.payload.is_given() && group_.connect.version != Version::v5) {
      return wrong("a given payload needs version 5: there the stamp travels in a User Property");
    }
    return {};
  }

  Checked check_subscriptions() const {
    std::size_t shared = 0;
    for (const LoadSubscription& subscription : group_.subscriptions) {
      if (subscription.filter.varies()) {
        return wrong(fmt::format("filter '{}': only places that differ by client may stand there",
                                 subscription.filter.source()));
      }
      const std::string text = example(subscription.filter);
      const Version version = group_.connect.version;
      if (const Fault fault = TopicFilter::check(text, version)) {
        return wrong(fmt::format("filter '{}': {}", subscription.filter.source(), rule_info(fault.rule).text));
      }
      shared += TopicFilter::checked(text, version).is_shared() ? 1 : 0;
    }
    if (shared != 0 && shared != group_.subscriptions.size()) {
      return wrong("Shared Subscriptions and others must be in groups of their own");
    }
    const bool given = std::ranges::any_of(scenario_.groups, [](const ClientGroup& other) {
      return other.publishes() && other.payload.is_given() && !other.requests();
    });
    if (given && !group_.responds && group_.connect.version != Version::v5) {
      return wrong("receivers of given payloads need version 5: the stamp travels in a User Property");
    }
    return {};
  }

  const Scenario& scenario_;
  const ClientGroup& group_;
};

Checked check_phases(const Scenario& scenario) {
  int measured_pieces = 0;
  bool before = false;
  for (const LoadPhase& phase : scenario.phases) {
    if (phase.is_measured && !before) ++measured_pieces;
    before = phase.is_measured;
  }
  if (measured_pieces > 1) return std::unexpected("phases: those that are measured must follow each other");
  if (scenario.length() > std::chrono::hours{24 * 30}) return std::unexpected("phases: longer than 30 days together");
  return {};
}

}  // namespace

Checked check_scenario(const Scenario& scenario) {
  if (scenario.groups.empty()) return std::unexpected("groups: there is none");
  std::uint64_t clients = 0;
  for (const ClientGroup& group : scenario.groups) clients += group.count;
  if (clients > most_clients) return std::unexpected(fmt::format("groups: more than {} clients", most_clients));
  for (const ClientGroup& group : scenario.groups) {
    if (auto checked = GroupCheck{scenario, group}.check(); !checked) return checked;
  }
  return check_phases(scenario);
}

}  // namespace mqtk
