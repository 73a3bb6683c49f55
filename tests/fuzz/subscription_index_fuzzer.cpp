// The subscription index must answer what matching every filter one by one answers.
//
// Input: one operation a line. "+f", "-f" subscribe and unsubscribe subscriber 0 to filter f, ">f" and "<f" do so
// for subscriber 1; every other line is a Topic Name to match.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "broker/subscription_index.hpp"

using namespace mqtk;

namespace {

struct Model {
  SubscriptionIndex index;
  Subscriber subscribers[2];
  std::set<std::string, std::less<>> filters[2];

  Model() {
    subscribers[0].number = 1;
    subscribers[1].number = 2;
  }
  ~Model() {
    for (Subscriber& subscriber : subscribers) index.remove_all(subscriber);
  }

  void change(std::size_t who, bool add, std::string_view text) {
    const auto filter = TopicFilter::from(text, Version::v5);
    if (!filter) return;
    if (add) {
      const bool fresh = index.add(*filter, {&subscribers[who]}) == SubscriptionIndex::Added::fresh;
      if (fresh != filters[who].emplace(text).second) std::abort();
    } else {
      if (index.remove(*filter, subscribers[who]) != (filters[who].erase(std::string{text}) > 0)) std::abort();
    }
  }

  void match(std::string_view topic_name) {
    if (!TopicName::from(topic_name)) return;
    std::size_t plain[2] = {};
    std::set<std::string> groups;
    for (std::size_t who = 0; who < 2; ++who) {
      for (const std::string& text : filters[who]) {
        const TopicFilter filter = TopicFilter::checked(text, Version::v5);
        if (!topic_matches(filter.filter(), topic_name)) continue;
        if (filter.is_shared()) {
          groups.insert(text);
        } else {
          ++plain[who];
        }
      }
    }
    const Matches& found = index.match(topic_name);
    std::size_t counted[2] = {};
    for (const Match& match : found.subscriptions) ++counted[match.subscriber->number - 1];
    if (counted[0] != plain[0] || counted[1] != plain[1] || found.groups.size() != groups.size()) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  Model model;
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  std::vector<std::string_view> topics;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    switch (line[0]) {
      case '+': model.change(0, true, line.substr(1)); break;
      case '-': model.change(0, false, line.substr(1)); break;
      case '>': model.change(1, true, line.substr(1)); break;
      case '<': model.change(1, false, line.substr(1)); break;
      default:
        if (topics.size() < 64) topics.push_back(line);
        model.match(line);
    }
  }
  for (const std::string_view topic : topics) model.match(topic);
  return 0;
}
