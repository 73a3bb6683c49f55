// Which subscriptions a Topic Name matches.
//
// Filters without wildcards are found by one look-up; filters with wildcards stand in a trie whose nodes hold runs of
// levels, so that a filter costs at most two nodes however many levels it has. Answers are kept by Topic Name until a
// subscription changes that could alter them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text_hash.hpp"
#include "broker/filter_trie.hpp"
#include "codec/topic.hpp"
#include "codec/types.hpp"

namespace mqtk {

struct StoredSubscription;

// Who subscribes. A Session derives from it; the index keeps the list of its subscriptions.
struct Subscriber {
  std::uint64_t number = 0;  // unique among the subscribers of an index; deliveries go out in this order
  StoredSubscription* subscriptions = nullptr;
  std::uint32_t subscription_count = 0;
};

// One subscription as a message meets it.
struct Match {
  Subscriber* subscriber = nullptr;
  std::uint32_t identifier = 0;  // Subscription Identifier, 0 for none
  QoS qos = QoS::at_most_once;   // granted
  bool no_local = false;
  bool retain_as_published = false;
};

// Several subscriptions to one filter: those that are not shared, or those of one ShareName.
class SubscriptionSet {
 public:
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] StoredSubscription& operator[](std::size_t i) const { return *members_[i]; }
  [[nodiscard]] StoredSubscription* find(const Subscriber& subscriber) const;
  void add(StoredSubscription& subscription);
  void remove(StoredSubscription& subscription);

 private:
  std::vector<StoredSubscription*> members_;
};

struct IndexedFilter;

struct SharedGroup {
  std::uint64_t number = 0;  // never used twice by an index
  std::string name;
  SubscriptionSet members;
  std::uint32_t next = 0;  // whose turn it is, modulo the number of members
};

// One subscription of one subscriber.
struct StoredSubscription {
  Match match;
  IndexedFilter* filter = nullptr;
  SharedGroup* group = nullptr;        // null if not shared
  StoredSubscription* next = nullptr;  // of the same subscriber
  StoredSubscription* previous = nullptr;
  std::uint32_t position = 0;  // in its SubscriptionSet
};

// What hangs on one filter (without $share/name/).
struct IndexedFilter {
  const std::string* text = nullptr;
  FilterTrie::Node* node = nullptr;  // null for a filter without wildcards
  SubscriptionSet subscriptions;
  std::unique_ptr<std::vector<std::unique_ptr<SharedGroup>>> groups;  // null while there is none
};

struct Matches {
  std::vector<Match> subscriptions;  // those of one subscriber stand side by side
  std::vector<SharedGroup*> groups;
};

class SubscriptionIndex {
 public:
  // `seed` makes the hash tables unpredictable. `covers_parent`: see FilterTrie.
  explicit SubscriptionIndex(std::uint64_t seed = 0, bool covers_parent = true);
  SubscriptionIndex(const SubscriptionIndex&) = delete;
  SubscriptionIndex& operator=(const SubscriptionIndex&) = delete;
  ~SubscriptionIndex();

  enum class Added : std::uint8_t { fresh, replaced };

  // Replaces the options of a subscription to the same filter, compared octet by octet [MQTT-4.7.3-4]
  // [MQTT-3.8.4-3]. `options.subscriber` is who subscribes and outlives its subscriptions.
  Added add(const TopicFilter& filter, const Match& options);

  [[nodiscard]] bool contains(const TopicFilter& filter, const Subscriber& subscriber) const {
    return find(filter, subscriber) != nullptr;
  }

  // False if there was no such subscription.
  bool remove(const TopicFilter& filter, Subscriber& subscriber);
  void remove_all(Subscriber& subscriber);

  // What a message with this Topic Name goes to. Valid until the next call that is not const.
  [[nodiscard]] const Matches& match(std::string_view topic_name);

  // The group with this number, null if it is gone.
  [[nodiscard]] SharedGroup* find_group(std::uint64_t number) const;

  // The filter as subscribed, `$share/name/` included.
  [[nodiscard]] static std::string filter_text(const StoredSubscription& subscription);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t shared_size() const { return shared_size_; }

 private:
  IndexedFilter& filter_for(std::string_view text);
  SharedGroup& group_for(IndexedFilter& filter, std::string_view name);
  [[nodiscard]] StoredSubscription* find(const TopicFilter& filter, const Subscriber& subscriber) const;
  void erase(StoredSubscription& subscription);
  void erase_if_unused(IndexedFilter& filter);
  void forget_answers(const IndexedFilter& filter);
  void collect(std::string_view topic_name, Matches& matches);
  bool was_asked(std::string_view topic_name);

  std::unordered_map<std::string, IndexedFilter, TextHash, std::equal_to<>> filters_;
  FilterTrie wildcards_;
  std::unordered_map<std::string, Matches, TextHash, std::equal_to<>> answers_;
  std::size_t answers_bytes_ = 0;
  Matches unkept_;                    // an answer that is not kept
  std::vector<std::uint32_t> asked_;  // hashes of Topic Names that were asked for lately
  std::vector<const IndexedFilter*> found_;
  std::size_t size_ = 0;
  std::size_t shared_size_ = 0;
  std::unordered_map<std::uint64_t, SharedGroup*> groups_;
  std::uint64_t last_group_ = 0;
};

}  // namespace mqtk
