#include "load/message_stamp.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

using Sixteen = std::array<std::uint8_t, 16>;

}  // namespace

TEST_CASE("a stamp has the bytes that its layout says") {
  Sixteen bytes{};
  const TimePoint intended{0x0102'0304'05us};
  MessageStamp{.stream = 0x2A00'0B0C, .sequence = 0xDEAD'BEEF, .times = {intended, intended + 3us}}.write(bytes);
  CHECK(bytes == Sixteen{0xB7, 0x2A, 0x00, 0x0B, 0x0C, 0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4, 5, 0x00, 0x03});
}

TEST_CASE("a lateness above 2,047 microseconds is shifted into an exponent") {
  Sixteen bytes{};
  // 4,096 us: 0x400 shifted by 2.
  MessageStamp{.times = {TimePoint{1us}, TimePoint{4097us}}}.write(bytes);
  CHECK(bytes[14] == 0x14);
  CHECK(bytes[15] == 0x00);
}

TEST_CASE("a stamp is read from the front of a longer payload") {
  const std::array<std::uint8_t, 18> bytes{0xB7, 7, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 100, 0, 40, 0xFF, 0xFF};
  const auto stamp = MessageStamp::read(bytes);
  REQUIRE(stamp);
  CHECK(stamp->stream == 0x0700'0100);
  CHECK(stamp->sequence == 9);
  CHECK(stamp->times.since_intended(TimePoint{350us}) == 250us);
  CHECK(stamp->times.lateness() == 40us);
  CHECK(stamp->times.since_sent(TimePoint{350us}) == 210us);
}

TEST_CASE("the streams of a run follow each other, past the highest number from 0 on") {
  CHECK(MessageStamp{.stream = 0xFFFF'FFFE, .times = {}}.number_from(0xFFFF'FFFE) == 0);
  CHECK(MessageStamp{.stream = 1, .times = {}}.number_from(0xFFFF'FFFE) == 3);
  CHECK(MessageStamp{.stream = 0xFFFF'FFFD, .times = {}}.number_from(0xFFFF'FFFE) == 0xFFFF'FFFF);
}

TEST_CASE("what is too short or begins otherwise is no stamp") {
  CHECK_FALSE(MessageStamp::read({}));
  CHECK_FALSE(MessageStamp::read(as_bytes("sixteen bytes...")));
  const std::array<std::uint8_t, 15> cut{0xB7};
  CHECK_FALSE(MessageStamp::read(cut));
}

TEST_CASE("latency goes on where the microseconds of the stamp wrap") {
  const TimePoint before{std::chrono::microseconds{(std::int64_t{1} << 40) - 10}};
  const SendTimes times{before, before};
  CHECK(times.since_intended(before + 25us) == 25us);
}

TEST_CASE("a message from the future has waited for nothing") {
  const TimePoint intended{10s};
  CHECK(SendTimes{intended, intended}.since_intended(intended - 1s) == 0ns);
  CHECK(SendTimes{intended, intended - 1s}.lateness() == 0ns);
}

TEST_CASE("a long lateness keeps three digits") {
  const TimePoint intended{10s};
  const Duration late = SendTimes{intended, intended + 1'234'567us}.lateness();
  CHECK(late <= 1'234'567us);
  CHECK(late >= 1'233'000us);
}

TEST_CASE("the age of a stamp from the future is below 0, its latency is 0") {
  const SendTimes times{TimePoint{10s}, TimePoint{10s}};
  CHECK(times.age(TimePoint{10s + 7us}) == 7us);
  CHECK(times.age(TimePoint{9s}) == -1s);
  CHECK(times.since_intended(TimePoint{9s}) == 0s);
}
