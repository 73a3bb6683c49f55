#include "broker/subscription_index.hpp"

#include <algorithm>
#include <utility>

namespace mqtk {
namespace {

// Answers are kept while topics repeat; beyond this much memory all are forgotten and gathered anew.
constexpr std::size_t answers_limit_bytes = 8U * 1024 * 1024;
constexpr std::size_t answer_limit_bytes = 256U * 1024;

// Only what is asked for again is worth being kept: very many topics with one message each would fill the memory.
constexpr std::size_t asked_slots = 8192;

std::size_t answer_bytes(std::string_view topic_name, const Matches& matches) {
  constexpr std::size_t overhead = 160;  // of the table and of two vectors
  return overhead + topic_name.size() + matches.subscriptions.size() * sizeof(Match) +
         matches.groups.size() * sizeof(SharedGroup*);
}

}  // namespace

StoredSubscription* SubscriptionSet::find(const Subscriber& subscriber) const {
  // The shorter of the two lists decides: a filter with very many subscribers or a subscriber with very many filters.
  if (members_.size() <= subscriber.subscription_count) {
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const StoredSubscription* member) {
      return member->match.subscriber == &subscriber;
    });
    return found == members_.end() ? nullptr : *found;
  }
  for (StoredSubscription* own = subscriber.subscriptions; own != nullptr; own = own->next) {
    if (own->position < members_.size() && members_[own->position] == own) return own;
  }
  return nullptr;
}

void SubscriptionSet::add(StoredSubscription& subscription) {
  subscription.position = static_cast<std::uint32_t>(members_.size());
  // Most filters have one subscriber: no room in advance for a second one.
  if (members_.empty()) members_.reserve(1);
  members_.push_back(&subscription);
}

void SubscriptionSet::remove(StoredSubscription& subscription) {
  StoredSubscription* last = members_.back();
  last->position = subscription.position;
  members_[subscription.position] = last;
  members_.pop_back();
}

SubscriptionIndex::SubscriptionIndex(std::uint64_t seed, bool covers_parent)
    : filters_(0, TextHash{seed}), wildcards_(seed, covers_parent), answers_(0, TextHash{seed}) {}

SubscriptionIndex::~SubscriptionIndex() {
  for (auto& [text, filter] : filters_) {
    const auto free_all = [](const SubscriptionSet& set) {
      for (std::size_t i = 0; i < set.size(); ++i) delete &set[i];
    };
    free_all(filter.subscriptions);
    if (filter.groups == nullptr) continue;
    for (const auto& group : *filter.groups) free_all(group->members);
  }
}

IndexedFilter& SubscriptionIndex::filter_for(std::string_view text) {
  const auto found = filters_.find(text);
  if (found != filters_.end()) return found->second;
  const auto added = filters_.emplace(std::string{text}, IndexedFilter{}).first;
  IndexedFilter& filter = added->second;
  filter.text = &added->first;
  if (text.find_first_of("+#") != std::string_view::npos) filter.node = wildcards_.add(text, filter);
  return filter;
}

SharedGroup& SubscriptionIndex::group_for(IndexedFilter& filter, std::string_view name) {
  if (filter.groups == nullptr) filter.groups = std::make_unique<std::vector<std::unique_ptr<SharedGroup>>>();
  for (const auto& group : *filter.groups) {
    if (group->name == name) return *group;
  }
  filter.groups->push_back(std::make_unique<SharedGroup>(SharedGroup{++last_group_, std::string{name}, {}, 0}));
  SharedGroup& added = *filter.groups->back();
  groups_.emplace(added.number, &added);
  return added;
}

SharedGroup* SubscriptionIndex::find_group(std::uint64_t number) const {
  const auto found = groups_.find(number);
  return found == groups_.end() ? nullptr : found->second;
}

StoredSubscription* SubscriptionIndex::find(const TopicFilter& filter, const Subscriber& subscriber) const {
  const auto found = filters_.find(filter.filter());
  if (found == filters_.end()) return nullptr;
  if (!filter.is_shared()) return found->second.subscriptions.find(subscriber);
  if (found->second.groups == nullptr) return nullptr;
  for (const auto& group : *found->second.groups) {
    if (group->name == filter.share_name()) return group->members.find(subscriber);
  }
  return nullptr;
}

SubscriptionIndex::Added SubscriptionIndex::add(const TopicFilter& filter, const Match& options) {
  Subscriber& subscriber = *options.subscriber;
  if (StoredSubscription* present = find(filter, subscriber)) {
    present->match = options;
    forget_answers(*present->filter);
    return Added::replaced;
  }
  IndexedFilter& indexed = filter_for(filter.filter());
  auto* added = new StoredSubscription{options, &indexed};
  if (filter.is_shared()) {
    added->group = &group_for(indexed, filter.share_name());
    ++shared_size_;
  }
  (added->group != nullptr ? added->group->members : indexed.subscriptions).add(*added);
  added->next = subscriber.subscriptions;
  if (added->next != nullptr) added->next->previous = added;
  subscriber.subscriptions = added;
  ++subscriber.subscription_count;
  ++size_;
  forget_answers(indexed);
  return Added::fresh;
}

bool SubscriptionIndex::remove(const TopicFilter& filter, Subscriber& subscriber) {
  StoredSubscription* present = find(filter, subscriber);
  if (present == nullptr) return false;
  erase(*present);
  return true;
}

void SubscriptionIndex::remove_all(Subscriber& subscriber) {
  while (subscriber.subscriptions != nullptr) erase(*subscriber.subscriptions);
}

void SubscriptionIndex::erase(StoredSubscription& subscription) {
  Subscriber& subscriber = *subscription.match.subscriber;
  (subscription.previous != nullptr ? subscription.previous->next : subscriber.subscriptions) = subscription.next;
  if (subscription.next != nullptr) subscription.next->previous = subscription.previous;
  --subscriber.subscription_count;
  --size_;
  IndexedFilter& filter = *subscription.filter;
  forget_answers(filter);
  if (SharedGroup* group = subscription.group) {
    --shared_size_;
    group->members.remove(subscription);
    if (group->members.size() == 0) {
      groups_.erase(group->number);
      std::erase_if(*filter.groups, [&](const auto& other) { return other.get() == group; });
      if (filter.groups->empty()) filter.groups.reset();
    }
  } else {
    filter.subscriptions.remove(subscription);
  }
  delete &subscription;
  erase_if_unused(filter);
}

void SubscriptionIndex::erase_if_unused(IndexedFilter& filter) {
  if (filter.subscriptions.size() > 0 || filter.groups != nullptr) return;
  if (filter.node != nullptr) wildcards_.remove(filter.node, filter);
  filters_.erase(filters_.find(*filter.text));
}

// A filter without wildcards alters the answer for one Topic Name; any other may alter all.
void SubscriptionIndex::forget_answers(const IndexedFilter& filter) {
  if (answers_.empty()) return;
  if (filter.node != nullptr) {
    answers_.clear();
    answers_bytes_ = 0;
    return;
  }
  const auto kept = answers_.find(*filter.text);
  if (kept == answers_.end()) return;
  answers_bytes_ -= answer_bytes(kept->first, kept->second);
  answers_.erase(kept);
}

const Matches& SubscriptionIndex::match(std::string_view topic_name) {
  const auto kept = answers_.find(topic_name);
  if (kept != answers_.end()) return kept->second;
  unkept_.subscriptions.clear();
  unkept_.groups.clear();
  collect(topic_name, unkept_);
  const std::size_t bytes = answer_bytes(topic_name, unkept_);
  if (bytes > answer_limit_bytes || !was_asked(topic_name)) return unkept_;
  if (answers_bytes_ + bytes > answers_limit_bytes) {
    answers_.clear();
    answers_bytes_ = 0;
  }
  answers_bytes_ += bytes;
  return answers_.emplace(std::string{topic_name}, unkept_).first->second;
}

// And notes that it is now. May be wrong, seldom and harmlessly: another topic may have the same hash or the same slot.
bool SubscriptionIndex::was_asked(std::string_view topic_name) {
  if (asked_.empty()) asked_.resize(asked_slots);
  const std::size_t hash = answers_.hash_function()(topic_name);
  const auto mark = static_cast<std::uint32_t>(hash >> 32U);
  return std::exchange(asked_[hash % asked_slots], mark) == mark;
}

void SubscriptionIndex::collect(std::string_view topic_name, Matches& matches) {
  found_.clear();
  const auto exact = filters_.find(topic_name);
  if (exact != filters_.end()) found_.push_back(&exact->second);
  wildcards_.match(topic_name, found_);
  for (const IndexedFilter* filter : found_) {
    for (std::size_t i = 0; i < filter->subscriptions.size(); ++i) {
      matches.subscriptions.push_back(filter->subscriptions[i].match);
    }
    if (filter->groups == nullptr) continue;
    for (const auto& group : *filter->groups) matches.groups.push_back(group.get());
  }
  const auto by_subscriber = [](const Match& a, const Match& b) {
    return a.subscriber != b.subscriber ? a.subscriber->number < b.subscriber->number : a.identifier < b.identifier;
  };
  std::sort(matches.subscriptions.begin(), matches.subscriptions.end(), by_subscriber);
}

std::string SubscriptionIndex::filter_text(const StoredSubscription& subscription) {
  const std::string& filter = *subscription.filter->text;
  return subscription.group == nullptr ? filter : "$share/" + subscription.group->name + '/' + filter;
}

}  // namespace mqtk
