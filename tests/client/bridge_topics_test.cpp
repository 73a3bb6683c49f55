#include "client/bridge_topics.hpp"

#include <doctest/doctest.h>

namespace mqtk {
namespace {

using enum BridgeDirection;

TEST_CASE("a topic changes its prefix on its way in, and back on its way out") {
  const BridgeTopics topics{{{"sensors/#", both}}, "live/", "site/1/"};
  CHECK(topics.mapped("site/1/sensors/a", in) == "live/sensors/a");
  CHECK(topics.mapped("live/sensors/a", out) == "site/1/sensors/a");
  CHECK(topics.moves());
}

TEST_CASE("a topic without the prefix, or that matches no filter of its direction, goes nowhere") {
  const BridgeTopics topics{{{"a/#", in}, {"b/+", out}}, "live/", ""};
  CHECK(topics.mapped("a", in) == "live/a");
  CHECK_FALSE(topics.mapped("b/1", in));
  CHECK_FALSE(topics.mapped("b/1", out));
  CHECK(topics.mapped("live/b/1", out) == "b/1");
  CHECK_FALSE(topics.mapped("live/b/1/2", out));
  CHECK_FALSE(topics.mapped("live/a/1", out));
}

TEST_CASE("what a broker says of itself is mirrored under no name") {
  const BridgeTopics all{{{"#", both}}, "", ""};
  CHECK_FALSE(all.mapped("$SYS/broker/uptime", in));
  CHECK_FALSE(all.mapped("$SYS", out));
  CHECK(all.mapped("SYS", out) == "SYS");
  const BridgeTopics disguised{{{"#", both}}, "copy/", "$SYS/"};
  CHECK_FALSE(disguised.mapped("$SYS/broker/uptime", in));
  CHECK_FALSE(disguised.mapped("copy/broker/uptime", out));
}

TEST_CASE("a topic that would become longer than a topic can be goes nowhere") {
  const BridgeTopics topics{{{"#", in}}, "12345", ""};
  CHECK(topics.mapped(std::string(65'530, 'x'), in));
  CHECK_FALSE(topics.mapped(std::string(65'531, 'x'), in));
}

TEST_CASE("a topic that is nothing but the prefix goes nowhere") {
  const BridgeTopics topics{{{"#", in}}, "", "site"};
  CHECK_FALSE(topics.mapped("site", in));
}

TEST_CASE("a bridge knows which directions it has") {
  const BridgeTopics topics{{{"a", in}, {"b", in}}, "", ""};
  CHECK(topics.any(in));
  CHECK_FALSE(topics.any(out));
  CHECK_FALSE(topics.moves());
}

}  // namespace
}  // namespace mqtk
