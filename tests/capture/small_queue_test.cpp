#include "capture/small_queue.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtk;

namespace {

std::string emptied(SmallQueue<char>& queue) {
  std::string text;
  for (; !queue.empty(); queue.pop_front()) text += queue.front();
  return text;
}

}  // namespace

TEST_CASE("a queue gives back what it was given in the same order") {
  SmallQueue<char> queue;
  for (const char each : std::string{"abc"}) queue.push_back(each);
  queue.pop_front();
  for (const char each : std::string{"defghijk"}) queue.push_back(each);
  CHECK(queue.size() == 10);
  CHECK(emptied(queue) == "bcdefghijk");
}

TEST_CASE("an element is taken out of the middle of a queue") {
  SmallQueue<char> queue;
  for (const char each : std::string{"abcd"}) queue.push_back(each);
  queue.pop_front();
  CHECK(queue.erase('c'));
  CHECK_FALSE(queue.erase('a'));
  CHECK(emptied(queue) == "bd");
}

TEST_CASE("a queue has no memory before its first element, and does not grow while it is emptied as fast as filled") {
  SmallQueue<char> queue;
  CHECK(queue.held_bytes() == 0);
  queue.push_back('a');
  for (int i = 0; i < 10'000; ++i) {
    queue.push_back('b');
    queue.pop_front();
  }
  CHECK(queue.held_bytes() <= 8);
  queue.release();
  CHECK(queue.held_bytes() == 0);
}
