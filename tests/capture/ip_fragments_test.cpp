#include "capture/ip_fragments.hpp"

#include <doctest/doctest.h>

#include <cstdio>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

// A UDP datagram of 16 bytes of data, from port 50000 to 1884, in three parts of eight bytes.
constexpr std::string_view parts[] = {"c350 075c 0018 0000", "6162636465666768", "696a6b6c6d6e6f70"};

// An IPv4 packet with part `number` of it; `id` is its Identification.
std::vector<std::uint8_t> ipv4(std::size_t number, std::string_view id = "0007") {
  const std::string offset = number == 0 ? "2000" : number == 1 ? "2001" : "0002";
  return *from_hex("45 00 001c " + std::string{id} + offset + " 40 11 0000 c0000201 c0000202" +
                   std::string{parts[number]});
}

std::string taken(IpFragments& fragments, const std::vector<std::uint8_t>& packet) {
  const Segment segment = read_ip_segment(packet);
  REQUIRE(segment.kind == Segment::Kind::fragment);
  const auto whole = fragments.take(segment);
  if (!whole) return "waits";
  CHECK(whole->kind == Segment::Kind::udp);
  CHECK(whole->source.text() == "192.0.2.1:50000");
  CHECK(whole->destination.text() == "192.0.2.2:1884");
  return std::string{as_text(whole->payload)};
}

}  // namespace

TEST_CASE("fragments of IPv4 make a packet in any order") {
  IpFragments fragments;
  CHECK(taken(fragments, ipv4(0)) == "waits");
  CHECK(taken(fragments, ipv4(1)) == "waits");
  CHECK(taken(fragments, ipv4(2)) == "abcdefghijklmnop");
  CHECK(taken(fragments, ipv4(2)) == "waits");
  CHECK(taken(fragments, ipv4(0)) == "waits");
  CHECK(taken(fragments, ipv4(0)) == "waits");
  CHECK(taken(fragments, ipv4(1)) == "abcdefghijklmnop");
  CHECK(fragments.left_over() == 0);
}

TEST_CASE("fragments of different packets are kept apart, and those left over are counted") {
  IpFragments fragments;
  CHECK(taken(fragments, ipv4(0)) == "waits");
  CHECK(taken(fragments, ipv4(1, "0008")) == "waits");
  CHECK(taken(fragments, ipv4(2)) == "waits");
  CHECK(fragments.left_over() == 3);
  CHECK(taken(fragments, ipv4(1)) == "abcdefghijklmnop");
  CHECK(fragments.left_over() == 1);
}

TEST_CASE("fragments of IPv6 make a packet") {
  IpFragments fragments;
  const std::string ends = "20010db8000000000000000000000001 20010db8000000000000000000000002";
  const auto packet = [&](std::string_view offset, std::string_view data) {
    return *from_hex("60000000 0010 2c 40" + ends + "11 00" + std::string{offset} + "00000009" + std::string{data});
  };
  CHECK_FALSE(fragments.take(read_ip_segment(packet("0001", parts[0]))));
  CHECK_FALSE(fragments.take(read_ip_segment(packet("0009", parts[1]))));
  const auto whole = fragments.take(read_ip_segment(packet("0010", parts[2])));
  REQUIRE(whole);
  CHECK(as_text(whole->payload) == "abcdefghijklmnop");
  CHECK(whole->source.text() == "[2001:db8::1]:50000");
}

TEST_CASE("packets that never become whole are given up, the oldest first") {
  IpFragments fragments;
  for (int id = 0; id < 1000; ++id) {
    char text[5];
    std::snprintf(text, sizeof text, "%04x", static_cast<unsigned>(id));
    CHECK(taken(fragments, ipv4(0, text)) == "waits");
  }
  CHECK(fragments.left_over() == 1000);
  CHECK(taken(fragments, ipv4(1, "03e7")) == "waits");
  CHECK(taken(fragments, ipv4(2, "03e7")) == "abcdefghijklmnop");
  CHECK(taken(fragments, ipv4(1, "0000")) == "waits");
  CHECK(taken(fragments, ipv4(2, "0000")) == "waits");
}
