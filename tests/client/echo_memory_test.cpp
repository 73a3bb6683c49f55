#include "client/echo_memory.hpp"

#include <doctest/doctest.h>

#include <string>

namespace mqtk {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

TEST_CASE("a message that was sent is an echo once") {
  EchoMemory memory{1};
  memory.sent("a/b", as_bytes("x"), start);
  CHECK(memory.is_echo("a/b", as_bytes("x"), start));
  CHECK_FALSE(memory.is_echo("a/b", as_bytes("x"), start));
}

TEST_CASE("a message that was sent twice is an echo twice") {
  EchoMemory memory{1};
  memory.sent("t", as_bytes("x"), start);
  memory.sent("t", as_bytes("x"), start);
  CHECK(memory.is_echo("t", as_bytes("x"), start));
  CHECK(memory.is_echo("t", as_bytes("x"), start));
  CHECK_FALSE(memory.is_echo("t", as_bytes("x"), start));
}

TEST_CASE("another topic or payload is no echo, nor the same bytes divided elsewhere") {
  EchoMemory memory{1};
  memory.sent("ab", as_bytes("c"), start);
  CHECK_FALSE(memory.is_echo("a", as_bytes("bc"), start));
  CHECK_FALSE(memory.is_echo("ab", as_bytes("d"), start));
  CHECK_FALSE(memory.is_echo("abc", {}, start));
  CHECK(memory.is_echo("ab", as_bytes("c"), start));
}

TEST_CASE("a message that did not come back within 30 seconds is no longer waited for") {
  EchoMemory memory{1};
  memory.sent("t", as_bytes("old"), start);
  memory.sent("t", as_bytes("new"), start + 20s);
  CHECK_FALSE(memory.is_echo("t", as_bytes("old"), start + 31s));
  CHECK(memory.is_echo("t", as_bytes("new"), start + 31s));
}

TEST_CASE("it never remembers more than 100,000 messages") {
  EchoMemory memory{1};
  for (int i = 0; i < 100'500; ++i) memory.sent("t", as_bytes(std::to_string(i)), start);
  CHECK(memory.size() == 100'000);
  CHECK_FALSE(memory.is_echo("t", as_bytes("499"), start));
  CHECK(memory.is_echo("t", as_bytes("500"), start));
}

}  // namespace
}  // namespace mqtk
