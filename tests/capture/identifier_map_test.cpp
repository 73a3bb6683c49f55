#include "capture/identifier_map.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace mqtk;

namespace {

std::vector<std::uint32_t> identifiers(const IdentifierMap<int>& map) {
  std::vector<std::uint32_t> found;
  for (const auto& [id, value] : map) found.push_back(id);
  std::ranges::sort(found);
  return found;
}

}  // namespace

TEST_CASE("what is put under an identifier is found until it is erased") {
  IdentifierMap<int> map;
  CHECK(map.find(7) == nullptr);
  map.erase(7);
  map.insert(7, 70);
  map.insert(0, 1);
  REQUIRE(map.find(7) != nullptr);
  CHECK(*map.find(7) == 70);
  CHECK(*map.find(0) == 1);
  map.erase(7);
  CHECK(map.find(7) == nullptr);
  CHECK(identifiers(map) == std::vector<std::uint32_t>{0});
}

TEST_CASE("all identifiers there are find room, in any order of coming and going") {
  IdentifierMap<int> map;
  for (int id = 0; id <= 65535; ++id) map.insert(static_cast<PacketIdentifier>(id), id);
  CHECK(map.size() == 65536);
  for (int id = 0; id <= 65535; id += 3) map.erase(static_cast<PacketIdentifier>(id * 7));
  for (int id = 0; id <= 65535; id += 3) map.erase(static_cast<PacketIdentifier>(id * 7));
  std::size_t found = 0;
  bool right = true;
  for (int id = 0; id <= 65535; ++id) {
    const int* value = map.find(static_cast<PacketIdentifier>(id));
    found += value == nullptr ? 0 : 1;
    right = right && (value == nullptr || *value == id);
  }
  CHECK(right);
  CHECK(found == map.size());
  CHECK(found == 65536 - 21846);
}

TEST_CASE("entries are erased and changed by what they hold") {
  IdentifierMap<int> map;
  for (PacketIdentifier id = 1; id <= 6; ++id) map.insert(id, id);
  map.erase_if([](int value) { return value % 2 == 0; });
  CHECK(identifiers(map) == std::vector<std::uint32_t>{1, 3, 5});
  map.for_each([](int& value) { value *= 10; });
  CHECK(*map.find(5) == 50);
}
