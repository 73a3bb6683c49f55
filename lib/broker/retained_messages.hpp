// The last retained message of every topic.
//
// Kept in the order of the topics, level by level, so that a filter with wildcards visits only the parts of the tree
// that can match, and a search can stop anywhere and go on later although messages came and went meanwhile.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/text_hash.hpp"
#include "session/application_message.hpp"

namespace mqtk {

class RetainedMessages {
 public:
  // A search in portions, for one filter (without $share/name/).
  class Search {
   public:
    explicit Search(std::string filter) : filter_(std::move(filter)) {}
    [[nodiscard]] bool done() const { return done_; }

   private:
    friend class RetainedMessages;
    std::string filter_;
    std::string position_;  // the topic to go on from
    bool behind_ = false;   // go on behind it
    bool done_ = false;
  };

  // `covers_parent`: see FilterTrie.
  explicit RetainedMessages(std::uint64_t seed = 0, bool covers_parent = true);

  // Takes the place of the topic's older message; one without payload only deletes [MQTT-3.3.1-6] [MQTT-3.3.1-7].
  void store(const ApplicationMessage& message);
  void remove(std::string_view topic_name);
  void clear();

  // In the order of topics.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Kept& kept : by_topic_) visit(kept.message);
  }

  // The same in portions: begins behind the topic `position` and ends when `visit` says that it is enough, with true;
  // the next call goes on from there. False when there are no more.
  template <class Visit>
  bool for_some(std::string& position, Visit visit) const {
    for (auto at = by_topic_.upper_bound(std::string_view{position}); at != by_topic_.end(); ++at) {
      if (!visit(at->message)) continue;
      position = at->message.topic();
      return true;
    }
    return false;
  }

  // Null if there is none.
  [[nodiscard]] const ApplicationMessage* find(std::string_view topic_name) const;

  // Appends what `search` finds and has not expired, in the order of topics, looking at no more than `steps` topics, at
  // least 1. Returns how many of these steps are left; 0 while the search is not done.
  std::size_t find_some(Search& search, std::size_t steps, TimePoint now, std::vector<ApplicationMessage>& found) const;

  // Deletes expired messages, looking at no more than `steps` topics; the next call goes on from there, round and
  // round.
  void remove_expired(TimePoint now, std::size_t steps);

  [[nodiscard]] std::size_t size() const { return by_topic_.size(); }
  [[nodiscard]] std::size_t message_bytes() const { return message_bytes_; }

 private:
  struct Kept {
    mutable ApplicationMessage message;  // replaced by others of the same topic
  };
  struct TopicOrder {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
    bool operator()(const Kept& a, const Kept& b) const { return (*this)(a.message.topic(), b.message.topic()); }
    bool operator()(const Kept& a, std::string_view b) const { return (*this)(a.message.topic(), b); }
    bool operator()(std::string_view a, const Kept& b) const { return (*this)(a, b.message.topic()); }
  };
  using Ordered = std::set<Kept, TopicOrder>;
  struct Hash : TextHash {
    using TextHash::operator();
    std::size_t operator()(Ordered::iterator kept) const noexcept { return (*this)(kept->message.topic()); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(Ordered::iterator a, Ordered::iterator b) const { return a == b; }
    bool operator()(std::string_view a, Ordered::iterator b) const { return a == b->message.topic(); }
    bool operator()(Ordered::iterator a, std::string_view b) const { return b == a->message.topic(); }
  };

  Ordered::iterator erase(Ordered::iterator kept);

  const bool covers_parent_;
  Ordered by_topic_;
  std::unordered_set<Ordered::iterator, Hash, Equal> index_;
  std::size_t message_bytes_ = 0;
  std::string sweep_position_;
};

}  // namespace mqtk
