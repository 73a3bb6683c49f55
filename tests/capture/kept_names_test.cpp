// What is kept of fragments, MQTT-SN topics and written streams while more of them come.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "base/hex.hpp"
#include "capture/ip_fragments.hpp"
#include "capture/pcapng_writer.hpp"
#include "capture/sn_view.hpp"

using namespace mqtk;

namespace {

constexpr std::array<std::uint8_t, 8> eight_bytes{};

Segment fragment(std::uint32_t id, std::uint32_t number, bool more = true) {
  Segment segment;
  segment.kind = Segment::Kind::fragment;
  segment.payload = eight_bytes;
  segment.fragment_id = id;
  segment.fragment_offset = number * 8;
  segment.more_fragments = more;
  segment.protocol = 17;
  return segment;
}

void learn(SnTopics& topics, std::string_view hex) {
  const std::vector<std::uint8_t> bytes = *from_hex(hex);
  topics.learn(read_sn(bytes));
}

}  // namespace

TEST_CASE("small fragments count with the memory that they take, so that they give up older packets") {
  IpFragments fragments;
  CHECK_FALSE(fragments.take(fragment(1, 0)));
  // 24,000 of 8 bytes are far below 2 MiB; with 112 bytes for each they are not.
  for (std::uint32_t id = 2; id < 5; ++id) {
    for (std::uint32_t number = 0; number < 8000; ++number) CHECK_FALSE(fragments.take(fragment(id, number)));
  }
  CHECK_FALSE(fragments.take(fragment(1, 1, false)));
  // Few of them leave the first where it is.
  IpFragments few;
  CHECK_FALSE(few.take(fragment(1, 0)));
  for (std::uint32_t number = 0; number < 8000; ++number) CHECK_FALSE(few.take(fragment(2, number)));
  CHECK(few.take(fragment(1, 1, false)));
}

TEST_CASE("a topic of MQTT-SN that is registered again takes no more memory") {
  SnTopics topics;
  CHECK(topics.held_bytes() == 0);
  learn(topics, "0a 0a 0007 0001 61626364");
  const std::size_t once = topics.held_bytes();
  CHECK(once > 0);
  learn(topics, "0a 0a 0007 0001 61626364");
  CHECK(topics.held_bytes() == once);
  // "abcd" is kept for the topic id and, until REGACK, for the message id.
  learn(topics, "08 0a 0007 0001 6162");
  CHECK(topics.held_bytes() == once - 4);
  learn(topics, "07 0b 0007 0001 00");
  CHECK(topics.held_bytes() == (once - 4) / 2);
}

TEST_CASE("a stream that was forgotten is opened anew when its number comes again") {
  PcapngWriter writer{"mqtk"};
  writer.append(1, Role::client, eight_bytes, {});
  writer.output().clear();
  writer.append(1, Role::client, eight_bytes, {});
  CHECK(writer.output().size() == 32 + 40 + 8);
  writer.output().clear();
  writer.forget(1);
  writer.append(1, Role::client, eight_bytes, {});
  // The handshake of three segments before it.
  CHECK(writer.output().size() == 4 * (32 + 40) + 8);
}
