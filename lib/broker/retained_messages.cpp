#include "broker/retained_messages.hpp"

#include <algorithm>

namespace mqtk {
namespace {

// Topics compare with '/' below every other character: a topic comes right before what lies below it.
int rank(char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); }

// Ranks above everything below a topic and below everything else behind it; U+0000 cannot stand in a topic.
constexpr char behind_subtree = '\x01';

std::string_view level_at(std::string_view text, std::size_t at) { return text.substr(at, text.find('/', at) - at); }

enum class Verdict : std::uint8_t { match, no_match, seek, end };

std::string_view up_to(std::string_view text, std::size_t end) { return text.substr(0, end); }

// Whether `filter` matches `topic_name`; `covers_parent` as with FilterTrie. With `seek` no topic before `seek_to` can
// match.
Verdict judge(std::string_view filter, std::string_view topic_name, bool covers_parent, std::string& seek_to) {
  if (topic_name[0] == '$' && (filter[0] == '#' || filter[0] == '+')) {
    seek_to.assign(1, '$' + 1);
    return Verdict::seek;
  }
  std::size_t f = 0;
  std::size_t t = 0;
  for (;;) {
    const std::string_view wanted = level_at(filter, f);
    if (wanted == "#") return Verdict::match;
    const std::string_view level = level_at(topic_name, t);
    if (wanted != "+" && wanted != level) {
      if (level < wanted) {
        seek_to.assign(up_to(topic_name, t)).append(wanted);
      } else if (t == 0) {
        return Verdict::end;
      } else {
        seek_to.assign(up_to(topic_name, t - 1)).push_back(behind_subtree);
      }
      return Verdict::seek;
    }
    f += wanted.size() + 1;
    t += level.size() + 1;
    const bool filter_ends = f > filter.size();
    if (t > topic_name.size()) {
      const bool is_covered = filter_ends || (covers_parent && filter.substr(f) == "#");
      return is_covered ? Verdict::match : Verdict::no_match;
    }
    if (filter_ends) {
      seek_to.assign(up_to(topic_name, t - 1)).push_back(behind_subtree);
      return Verdict::seek;
    }
  }
}

}  // namespace

bool RetainedMessages::TopicOrder::operator()(std::string_view a, std::string_view b) const {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (right == b.end()) return false;
  return left == a.end() || rank(*left) < rank(*right);
}

RetainedMessages::RetainedMessages(std::uint64_t seed, bool covers_parent)
    : covers_parent_(covers_parent), index_(0, Hash{TextHash{seed}}) {}

RetainedMessages::Ordered::iterator RetainedMessages::erase(Ordered::iterator kept) {
  message_bytes_ -= kept->message.memory_bytes();
  index_.erase(index_.find(kept));
  return by_topic_.erase(kept);
}

void RetainedMessages::store(const ApplicationMessage& message) {
  if (message.payload().empty()) return remove(message.topic());
  message_bytes_ += message.memory_bytes();
  const auto found = index_.find(message.topic());
  if (found == index_.end()) {
    index_.insert(by_topic_.insert(Kept{message}).first);
    return;
  }
  message_bytes_ -= (*found)->message.memory_bytes();
  (*found)->message = message;
}

void RetainedMessages::remove(std::string_view topic_name) {
  const auto found = index_.find(topic_name);
  if (found != index_.end()) erase(*found);
}

void RetainedMessages::clear() {
  index_.clear();
  by_topic_.clear();
  message_bytes_ = 0;
}

const ApplicationMessage* RetainedMessages::find(std::string_view topic_name) const {
  const auto found = index_.find(topic_name);
  return found == index_.end() ? nullptr : &(*found)->message;
}

std::size_t RetainedMessages::find_some(Search& search, std::size_t steps, TimePoint now,
                                        std::vector<ApplicationMessage>& found) const {
  if (search.done_) return steps;
  if (search.filter_.find_first_of("+#") == std::string::npos) {
    const ApplicationMessage* message = find(search.filter_);
    if (message != nullptr && !message->expired(now)) found.push_back(*message);
    search.done_ = true;
    return steps - 1;
  }
  const std::string_view from = search.position_;
  auto at = search.behind_ ? by_topic_.upper_bound(from) : by_topic_.lower_bound(from);
  std::string seek_to;
  for (; at != by_topic_.end() && steps > 0; --steps) {
    const ApplicationMessage& message = at->message;
    const Verdict verdict = judge(search.filter_, message.topic(), covers_parent_, seek_to);
    if (verdict == Verdict::end) break;
    if (verdict == Verdict::match && !message.expired(now)) found.push_back(message);
    search.behind_ = verdict != Verdict::seek;
    search.position_ = search.behind_ ? message.topic() : std::string_view{seek_to};
    if (search.behind_) {
      ++at;
    } else {
      at = by_topic_.lower_bound(std::string_view{seek_to});
    }
  }
  search.done_ = at == by_topic_.end() || steps > 0;
  return search.done_ ? steps : 0;
}

void RetainedMessages::remove_expired(TimePoint now, std::size_t steps) {
  auto at = by_topic_.lower_bound(std::string_view{sweep_position_});
  for (; at != by_topic_.end() && steps > 0; --steps) at = at->message.expired(now) ? erase(at) : std::next(at);
  sweep_position_ = at == by_topic_.end() ? std::string{} : std::string{at->message.topic()};
}

}  // namespace mqtk
