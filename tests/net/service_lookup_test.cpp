#include "net/service_lookup.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/hex.hpp"
#include "net/net_error.hpp"

using namespace mqtk;

namespace {

// Header with one question and two answers; the question is _mqtt._tcp.a.b.
const std::string head = "1234 8180 0001 0002 0000 0000 055f6d717474 045f746370 0161 0162 00 0021 0001 ";
// priority 10, weight 5, port 1883, host "x.a.b" with a pointer to "a.b" in the question (offset 0x17)
const std::string first = "c00c 0021 0001 00000e10 000a 000a 0005 075b 0178 c017 ";
// priority 1, weight 0, port 8883, host "y"
const std::string second = "c00c 0021 0001 00000e10 0009 0001 0000 22b3 0179 00 ";

Services read(const std::string& hex) {
  const auto bytes = from_hex(hex);
  REQUIRE(bytes.has_value());
  return read_service_answer(*bytes);
}

}  // namespace

TEST_CASE("SRV records are read from a name server's answer, compressed names included") {
  const auto services = read(head + first + second);
  REQUIRE(services.has_value());
  REQUIRE(services->size() == 2);
  CHECK((*services)[0] == Service{.host = "x.a.b", .port = 1883, .priority = 10, .weight = 5});
  CHECK((*services)[1] == Service{.host = "y", .port = 8883, .priority = 1, .weight = 0});
}

TEST_CASE("a damaged answer is an error, wherever it ends") {
  const auto whole = from_hex(head + first + second);
  for (std::size_t size = 0; size < whole->size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read_service_answer(Bytes(*whole).first(size)).has_value());
  }
  // A name that points at itself.
  CHECK_FALSE(read("1234 8180 0000 0001 0000 0000 c00c 0021 0001 00000e10 0008 0001 0000 22b3 c018").has_value());
}

TEST_CASE("a dot as host says that there is no such service") {
  const auto services = read("1234 8180 0000 0001 0000 0000 0161 00 0021 0001 00000e10 0007 0001 0000 22b3 00");
  REQUIRE_FALSE(services.has_value());
  CHECK(services.error() == NetFault::no_such_service);
}

TEST_CASE("services are tried by priority, and among equals by weight") {
  std::vector<Service> services{{.host = "late", .priority = 2},
                                {.host = "small", .priority = 1, .weight = 1},
                                {.host = "large", .priority = 1, .weight = 9}};
  order_services(services, [](std::uint32_t most) { return most; });
  CHECK(services[0].host == "large");
  CHECK(services[1].host == "small");
  CHECK(services[2].host == "late");
}

TEST_CASE("the service's name depends on whether TLS is spoken") {
  CHECK(service_name({.transport = Transport::tcp, .host = "a.b"}) == "_mqtt._tcp.a.b");
  CHECK(service_name({.transport = Transport::tls, .host = "a.b"}) == "_secure-mqtt._tcp.a.b");
}
