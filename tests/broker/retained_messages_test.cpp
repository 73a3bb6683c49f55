#include "broker/retained_messages.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

namespace {

const TimePoint start{std::chrono::hours{1}};

ApplicationMessage message(std::string_view topic, std::string_view payload = "x", std::uint32_t expiry = 0) {
  PropertyWriter properties;
  if (expiry > 0) properties.add(PropertyId::message_expiry_interval, expiry);
  Publish publish;
  publish.topic_name = topic;
  publish.payload = as_bytes(payload);
  publish.properties = properties.block();
  publish.retain = true;
  return ApplicationMessage::make(publish, start);
}

struct Fixture {
  RetainedMessages retained{7};

  std::vector<std::string> find(std::string filter, std::size_t steps = 1'000'000, TimePoint now = start) {
    RetainedMessages::Search search{std::move(filter)};
    std::vector<std::string> topics;
    while (!search.done()) {
      std::vector<ApplicationMessage> found;
      retained.find_some(search, steps, now, found);
      for (const ApplicationMessage& one : found) topics.emplace_back(one.topic());
    }
    return topics;
  }
};

using Topics = std::vector<std::string>;

}  // namespace

TEST_CASE("a filter finds the retained messages that it matches, in the order of their topics") {
  Fixture f;
  for (const char* topic : {"a", "a/b", "a/b/c", "a/c", "a!", "a!/b", "ab", "b", "b/b", "/", "/a", "//", "$x/a", "$x",
                            "\x01", "\x01/b", "c/d/e/f"}) {
    f.retained.store(message(topic));
  }
  CHECK(f.find("a/b") == Topics{"a/b"});
  CHECK(f.find("a/x").empty());
  CHECK(f.find("a/#") == Topics{"a", "a/b", "a/b/c", "a/c"});
  CHECK(f.find("a/+") == Topics{"a/b", "a/c"});
  CHECK(f.find("+/b") == Topics{"\x01/b", "a/b", "a!/b", "b/b"});
  CHECK(f.find("+") == Topics{"\x01", "a", "a!", "ab", "b"});
  CHECK(f.find("+/+") == Topics{"/", "/a", "\x01/b", "a/b", "a/c", "a!/b", "b/b"});
  CHECK(f.find("/#") == Topics{"/", "//", "/a"});
  CHECK(f.find("#").size() == 15);
  CHECK(f.find("$x/#") == Topics{"$x", "$x/a"});
  CHECK(f.find("$x/+") == Topics{"$x/a"});
  CHECK(f.find("+/+/+/f") == Topics{"c/d/e/f"});
  CHECK(f.find("c/+/e/#") == Topics{"c/d/e/f"});
}

TEST_CASE("a search in single steps finds the same as one in a single go") {
  Fixture f;
  for (int i = 0; i < 20; ++i) {
    for (const char* rest : {"", "/on", "/on/x", "/off"}) f.retained.store(message(std::to_string(i) + rest));
  }
  for (const char* filter : {"#", "+/on", "1/#", "+/+/x", "+/off/#", "19/+"}) {
    CAPTURE(filter);
    CHECK(f.find(filter, 1) == f.find(filter));
  }
}

TEST_CASE("a search goes on although messages come and go meanwhile") {
  Fixture f;
  for (const char* topic : {"a", "b", "c", "d"}) f.retained.store(message(topic));
  RetainedMessages::Search search{"#"};
  std::vector<ApplicationMessage> found;
  f.retained.find_some(search, 2, start, found);
  CHECK(found.size() == 2);
  CHECK_FALSE(search.done());
  f.retained.remove("b");
  f.retained.remove("c");
  f.retained.store(message("e"));
  found.clear();
  f.retained.find_some(search, 100, start, found);
  REQUIRE(found.size() == 2);
  CHECK(found[0].topic() == "d");
  CHECK(found[1].topic() == "e");
  CHECK(search.done());
}

TEST_CASE("a wildcard search looks only at the parts of the tree that can match") {
  Fixture f;
  for (int i = 0; i < 1000; ++i) f.retained.store(message("noise/" + std::to_string(i) + "/deep/er"));
  f.retained.store(message("signal/1"));
  f.retained.store(message("zzz"));
  std::vector<ApplicationMessage> found;
  RetainedMessages::Search search{"signal/+"};
  f.retained.find_some(search, 5, start, found);
  CHECK(found.size() == 1);
  CHECK(search.done());
}

TEST_CASE("replacing, deleting and expiring keep count of messages and bytes") {
  Fixture f;
  f.retained.store(message("a", "long payload"));
  const std::size_t bytes = f.retained.message_bytes();
  CHECK(bytes > 12);
  f.retained.store(message("a", "short"));
  CHECK(f.retained.size() == 1);
  CHECK(f.retained.message_bytes() == bytes - 7);
  f.retained.store(message("a", ""));
  CHECK(f.retained.size() == 0);
  CHECK(f.retained.message_bytes() == 0);
  f.retained.store(message("never"));
  for (int i = 0; i < 100; ++i) f.retained.store(message("soon/" + std::to_string(i), "x", 10));
  CHECK(f.find("soon/+", 1000, start + std::chrono::seconds{11}).empty());
  for (int i = 0; i < 11; ++i) f.retained.remove_expired(start + std::chrono::seconds{11}, 10);
  CHECK(f.retained.size() == 1);
  CHECK(f.retained.find("never") != nullptr);
}

TEST_CASE("topics of ten thousand levels are found") {
  Fixture f;
  std::string topic = "a";
  for (int i = 1; i < 10'000; ++i) topic += "/a";
  f.retained.store(message(topic));
  f.retained.store(message(topic + "/b"));
  CHECK(f.find("#").size() == 2);
  CHECK(f.find(topic).size() == 1);
  CHECK(f.find(topic + "/#").size() == 2);
  CHECK(f.find(topic + "/+").size() == 1);
}
