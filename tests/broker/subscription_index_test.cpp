#include "broker/subscription_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <list>

using namespace mqtk;

namespace {

struct Fixture {
  SubscriptionIndex index{42};
  std::list<Subscriber> subscribers;

  ~Fixture() {
    for (Subscriber& subscriber : subscribers) index.remove_all(subscriber);
  }

  Subscriber& subscriber() {
    Subscriber& added = subscribers.emplace_back();
    added.number = subscribers.size();
    return added;
  }

  SubscriptionIndex::Added add(Subscriber& subscriber, std::string_view filter, QoS qos = QoS::at_most_once,
                               std::uint32_t identifier = 0) {
    return index.add(TopicFilter::checked(filter, Version::v5), {&subscriber, identifier, qos, false, false});
  }

  bool remove(Subscriber& subscriber, std::string_view filter) {
    return index.remove(TopicFilter::checked(filter, Version::v5), subscriber);
  }

  // The identifiers of the subscriptions that `topic_name` matches, in rising order.
  std::vector<std::uint32_t> identifiers(std::string_view topic_name) {
    std::vector<std::uint32_t> result;
    for (const Match& match : index.match(topic_name).subscriptions) result.push_back(match.identifier);
    std::sort(result.begin(), result.end());
    return result;
  }

  std::size_t count(std::string_view topic_name) { return index.match(topic_name).subscriptions.size(); }
};

using Identifiers = std::vector<std::uint32_t>;

std::string levels(std::size_t count, std::string_view level) {
  std::string text{level};
  for (std::size_t i = 1; i < count; ++i) text.append("/").append(level);
  return text;
}

}  // namespace

TEST_CASE("a filter without wildcards matches the Topic Name that equals it and no other") {
  // shows MQTT-4.7.3-4
  Fixture f;
  f.add(f.subscriber(), "a/b");
  CHECK(f.count("a/b") == 1);
  CHECK(f.count("a") == 0);
  CHECK(f.count("a/b/c") == 0);
  CHECK(f.count("A/b") == 0);
  CHECK(f.count("/a/b") == 0);
  CHECK(f.count("a/b/") == 0);
}

TEST_CASE("plus stands for exactly one level, empty ones included") {
  Fixture f;
  f.add(f.subscriber(), "sport/+", QoS::at_most_once, 1);
  f.add(f.subscriber(), "+/+", QoS::at_most_once, 2);
  f.add(f.subscriber(), "/+", QoS::at_most_once, 3);
  f.add(f.subscriber(), "+", QoS::at_most_once, 4);
  f.add(f.subscriber(), "a/+/c", QoS::at_most_once, 5);
  CHECK(f.identifiers("sport/") == Identifiers{1, 2});
  CHECK(f.identifiers("sport") == Identifiers{4});
  CHECK(f.identifiers("/finance") == Identifiers{2, 3});
  CHECK(f.identifiers("a/x/c") == Identifiers{5});
  CHECK(f.identifiers("a//c") == Identifiers{5});
  CHECK(f.identifiers("a/x/y/c").empty());
}

TEST_CASE("a final # takes in its parent level and everything below") {
  Fixture f;
  f.add(f.subscriber(), "sport/tennis/#", QoS::at_most_once, 1);
  f.add(f.subscriber(), "#", QoS::at_most_once, 2);
  f.add(f.subscriber(), "/#", QoS::at_most_once, 3);
  f.add(f.subscriber(), "+/tennis/#", QoS::at_most_once, 4);
  CHECK(f.identifiers("sport/tennis") == Identifiers{1, 2, 4});
  CHECK(f.identifiers("sport/tennis/player1/ranking") == Identifiers{1, 2, 4});
  CHECK(f.identifiers("sport/tennis2") == Identifiers{2});
  CHECK(f.identifiers("sport") == Identifiers{2});
  CHECK(f.identifiers("/") == Identifiers{2, 3});
  CHECK(f.identifiers("/a/b") == Identifiers{2, 3});
}

TEST_CASE("filters that begin with a wildcard miss topics that begin with a dollar sign") {
  // shows MQTT-4.7.2-1
  Fixture f;
  f.add(f.subscriber(), "#", QoS::at_most_once, 1);
  f.add(f.subscriber(), "+/monitor/Clients", QoS::at_most_once, 2);
  f.add(f.subscriber(), "$SYS/#", QoS::at_most_once, 3);
  f.add(f.subscriber(), "$SYS/monitor/+", QoS::at_most_once, 4);
  f.add(f.subscriber(), "+", QoS::at_most_once, 5);
  CHECK(f.identifiers("$SYS/monitor/Clients") == Identifiers{3, 4});
  CHECK(f.identifiers("$SYS") == Identifiers{3});
  CHECK(f.identifiers("x/monitor/Clients") == Identifiers{1, 2});
  CHECK(f.identifiers("a$") == Identifiers{1, 5});
}

TEST_CASE("nodes split where filters part and join when they leave") {
  Fixture f;
  Subscriber& one = f.subscriber();
  const char* filters[] = {"a/b/c/d/+", "a/b/x/+", "a/b/c/+/e", "a/b/#", "a/b/c/d/e/#", "+/b/c/d/e", "a/bb/+"};
  std::uint32_t identifier = 0;
  for (const char* filter : filters) f.add(one, filter, QoS::at_most_once, ++identifier);
  CHECK(f.identifiers("a/b/c/d/e") == Identifiers{1, 3, 4, 5, 6});
  CHECK(f.identifiers("a/b/x/y") == Identifiers{2, 4});
  CHECK(f.identifiers("a/bb/c") == Identifiers{7});
  CHECK(f.remove(one, "a/b/#"));
  CHECK(f.remove(one, "a/b/x/+"));
  CHECK(f.identifiers("a/b/c/d/e") == Identifiers{1, 3, 5, 6});
  CHECK(f.remove(one, "a/b/c/+/e"));
  CHECK(f.remove(one, "a/b/c/d/e/#"));
  CHECK(f.identifiers("a/b/c/d/e") == Identifiers{1, 6});
  CHECK(f.identifiers("a/b").empty());
}

TEST_CASE("subscribing again to the same filter replaces the options") {
  // shows MQTT-3.8.4-3
  Fixture f;
  Subscriber& one = f.subscriber();
  CHECK(f.add(one, "a/+", QoS::at_most_once, 1) == SubscriptionIndex::Added::fresh);
  CHECK(f.count("a/b") == 1);
  CHECK(f.add(one, "a/+", QoS::exactly_once, 7) == SubscriptionIndex::Added::replaced);
  const Matches& matches = f.index.match("a/b");
  REQUIRE(matches.subscriptions.size() == 1);
  CHECK(matches.subscriptions[0].qos == QoS::exactly_once);
  CHECK(matches.subscriptions[0].identifier == 7);
  CHECK(one.subscription_count == 1);
}

TEST_CASE("removal needs the same text, character by character") {
  // shows MQTT-3.10.4-1
  Fixture f;
  Subscriber& one = f.subscriber();
  Subscriber& other = f.subscriber();
  f.add(one, "a/+");
  CHECK_FALSE(f.remove(one, "a/b"));
  CHECK_FALSE(f.remove(one, "a/#"));
  CHECK_FALSE(f.remove(other, "a/+"));
  CHECK(f.remove(one, "a/+"));
  CHECK_FALSE(f.remove(one, "a/+"));
  CHECK(f.count("a/b") == 0);
  CHECK(f.index.size() == 0);
}

TEST_CASE("an answer that was kept is forgotten when a subscription alters it") {
  Fixture f;
  Subscriber& one = f.subscriber();
  CHECK(f.count("a/b") == 0);
  f.add(one, "a/b");
  CHECK(f.count("a/b") == 1);
  f.add(one, "a/+");
  CHECK(f.count("a/b") == 2);
  f.remove(one, "a/b");
  CHECK(f.count("a/b") == 1);
  f.index.remove_all(one);
  CHECK(f.count("a/b") == 0);
}

TEST_CASE("subscriptions of one subscriber stand side by side") {
  Fixture f;
  Subscriber& one = f.subscriber();
  Subscriber& two = f.subscriber();
  for (const char* filter : {"a/b", "a/+", "#"}) {
    f.add(two, filter);
    f.add(one, filter);
  }
  const Matches& matches = f.index.match("a/b");
  REQUIRE(matches.subscriptions.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(matches.subscriptions[i].subscriber == (i < 3 ? &one : &two));
}

TEST_CASE("a Shared Subscription is a group beside the plain subscriptions of the same filter") {
  Fixture f;
  Subscriber& one = f.subscriber();
  Subscriber& two = f.subscriber();
  f.add(one, "$share/workers/jobs/+");
  f.add(two, "$share/workers/jobs/+");
  f.add(two, "$share/others/jobs/+");
  f.add(two, "jobs/+");
  {
    const Matches& matches = f.index.match("jobs/1");
    CHECK(matches.subscriptions.size() == 1);
    REQUIRE(matches.groups.size() == 2);
    CHECK(matches.groups[0]->name == "workers");
    CHECK(matches.groups[0]->members.size() == 2);
    CHECK(matches.groups[1]->members.size() == 1);
  }
  CHECK(f.index.shared_size() == 3);
  CHECK(SubscriptionIndex::filter_text(*one.subscriptions) == "$share/workers/jobs/+");
  CHECK(f.remove(two, "$share/others/jobs/+"));
  CHECK(f.remove(one, "$share/workers/jobs/+"));
  CHECK(f.index.match("jobs/1").groups.size() == 1);
  CHECK(f.remove(two, "$share/workers/jobs/+"));
  CHECK(f.index.match("jobs/1").groups.empty());
  CHECK(f.count("jobs/1") == 1);
}

TEST_CASE("before 5.0 a filter that begins with $share is like any other") {
  Fixture f;
  Subscriber& one = f.subscriber();
  f.index.add(TopicFilter::checked("$share/workers/jobs", Version::v3_1_1), {&one, 0, QoS::at_most_once, false, false});
  CHECK(f.count("$share/workers/jobs") == 1);
  CHECK(f.count("jobs") == 0);
}

TEST_CASE("filters and topics of ten thousand levels are matched without recursion") {
  Fixture f;
  Subscriber& one = f.subscriber();
  const std::string topic = levels(10'000, "a");
  const std::string pluses = levels(10'000, "+");
  f.add(one, pluses);
  f.add(one, topic + "/#");
  f.add(one, levels(9'999, "a") + "/#");
  f.add(one, levels(9'999, "a") + "/+");
  f.add(one, levels(9'999, "+") + "/b");
  CHECK(f.count(topic) == 4);
  CHECK(f.count(levels(10'001, "a")) == 2);
  f.index.remove_all(one);
  CHECK(f.count(topic) == 0);
}

TEST_CASE("very many filters of one client and very many clients of one filter come and go quickly") {
  Fixture f;
  Subscriber& one = f.subscriber();
  for (int i = 0; i < 20'000; ++i) f.add(one, "devices/" + std::to_string(i) + "/+");
  CHECK(f.count("devices/777/x") == 1);
  for (int i = 0; i < 20'000; ++i) f.add(f.subscriber(), "news/#");
  CHECK(f.count("news/today") == 20'000);
  for (Subscriber& subscriber : f.subscribers) f.index.remove_all(subscriber);
  CHECK(f.index.size() == 0);
}
