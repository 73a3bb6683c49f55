#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

#include "base/hex.hpp"
#include "capture/tls_key_log.hpp"

using namespace mqtk;

namespace {

constexpr std::string_view secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

TlsKeyLog::Random random_of(unsigned number) {
  TlsKeyLog::Random random{};
  for (std::size_t i = 0; i < 4; ++i) random[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return random;
}

std::string line_of(unsigned number, std::string_view label = "CLIENT_RANDOM") {
  return fmt::format("{} {:08x}{:056x} {}\n", label, number, 0, secret);
}

}  // namespace

TEST_CASE("of the secrets that captures carry the oldest are dropped beyond 4 MiB, never those that the user gave") {
  TlsKeyLog log;
  constexpr unsigned given = 1'000'000;
  CHECK(log.add(line_of(given)) == 1);
  constexpr unsigned count = 20'000;
  bool all_kept = true;
  for (unsigned i = 0; i < count; ++i) all_kept = log.add_captured(line_of(i)) && all_kept;
  CHECK_FALSE(all_kept);
  CHECK(log.captured_bytes() <= TlsKeyLog::max_captured_bytes);
  CHECK(log.captured_bytes() > TlsKeyLog::max_captured_bytes - 1024);
  CHECK_FALSE(log.knows(random_of(0)));
  CHECK(log.knows(random_of(count - 1)));
  CHECK(to_hex(log.find(random_of(given), TlsKeyLog::Label::master_secret)) == secret);
}

TEST_CASE("a secret that a capture carries again takes no more memory, and does not change what the user gave") {
  TlsKeyLog log;
  CHECK(log.add("CLIENT_RANDOM " + std::string(64, '0') + " aa\n") == 1);
  CHECK(log.add_captured("CLIENT_RANDOM " + std::string(64, '0') + " bb\n"));
  CHECK(to_hex(log.find(random_of(0), TlsKeyLog::Label::master_secret)) == "aa");
  CHECK(log.captured_bytes() == 0);
  CHECK(log.add_captured(line_of(1) + line_of(1, "CLIENT_TRAFFIC_SECRET_0") + "# a comment\nUNKNOWN 00 00\n"));
  const std::size_t once = log.captured_bytes();
  CHECK(log.add_captured(line_of(1)));
  CHECK(log.captured_bytes() == once);
  CHECK(to_hex(log.find(random_of(1), TlsKeyLog::Label::client_traffic)) == secret);
}
