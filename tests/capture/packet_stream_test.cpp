#include "capture/packet_stream.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;
using State = PacketStream::Item::State;

namespace {

const std::string connect_5 = "10 10 0004 4D515454 05 02 003C 00 0003 616263";
const std::string connect_3_1_1 = "10 0F 0004 4D515454 04 02 003C 0003 616263";

void feed(PacketStream& stream, std::string_view hex) {
  const auto bytes = *from_hex(hex);
  auto& buffer = stream.feed_buffer();
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

// One letter per packet: w(hole), i(ncomplete), u(nreadable), with its offset, length and version.
std::string all_of(PacketStream& stream) {
  std::string text;
  while (const auto item = stream.next()) {
    text += item->state == State::whole ? 'w' : item->state == State::incomplete ? 'i' : 'u';
    text += std::to_string(item->offset) + '+' + std::to_string(item->bytes.size());
    text += item->version == Version::v5 ? "/5 " : item->version == Version::v3_1_1 ? "/4 " : "/3 ";
  }
  return text;
}

std::string split(std::string_view hex, PacketStream::Options options = {}) {
  PacketStream stream{options};
  feed(stream, hex);
  stream.finish();
  return all_of(stream);
}

}  // namespace

TEST_CASE("packets back to back come out one by one with their offsets") {
  CHECK(split("C000 D000" + connect_5 + "E000") == "w0+2/5 w2+2/5 w4+18/5 w22+2/5 ");
  CHECK(split("").empty());
}

TEST_CASE("bytes may come one at a time") {
  PacketStream stream{{}};
  std::string seen;
  const auto bytes = *from_hex(connect_3_1_1 + "300500016161 62 C000");
  for (const std::uint8_t byte : bytes) {
    stream.feed_buffer().push_back(byte);
    seen += all_of(stream);
  }
  CHECK(seen == "w0+17/4 w17+7/4 w24+2/4 ");
  stream.finish();
  CHECK_FALSE(stream.next());
}

TEST_CASE("a CONNECT sets the version of what follows until the next CONNECT") {
  CHECK(split(connect_3_1_1 + "20020000" + connect_5 + "2003000000") == "w0+17/4 w17+4/4 w21+18/5 w39+5/5 ");
}

TEST_CASE("a version that was asked for beats the CONNECT except for the CONNECT itself") {
  CHECK(split(connect_3_1_1 + "2003000000", {Version::v5, Role::unknown}) == "w0+17/4 w17+5/5 ");
}

TEST_CASE("without a CONNECT the version with the fewest faults is kept and told") {
  PacketStream stream{{}};
  feed(stream, "20020000 3005000161 6162");
  stream.finish();
  CHECK(all_of(stream) == "w0+4/4 w4+7/4 ");
  CHECK(stream.version_source() == PacketStream::VersionSource::tried);
  REQUIRE(stream.trials().size() == 3);
  CHECK(stream.trials()[0].version == Version::v5);
  CHECK(stream.trials()[0].faults == 2);
  CHECK(stream.trials()[1].faults == 0);
  CHECK_FALSE(stream.trial_was_idle());
}

TEST_CASE("5.0 is preferred where nothing tells the versions apart") {
  CHECK(split("C000") == "w0+2/5 ");
  CHECK(split("300500016100 62") == "w0+7/5 ");
  PacketStream pings{{}};
  feed(pings, "C000D000");
  pings.finish();
  CHECK(all_of(pings) == "w0+2/5 w2+2/5 ");
  CHECK(pings.trial_was_idle());
}

TEST_CASE("packets wait for the trial until 64 KiB or the end have come") {
  PacketStream stream{{}};
  for (int i = 0; i < 32'767; ++i) feed(stream, "C000");
  CHECK_FALSE(stream.next());
  feed(stream, "C000");
  CHECK(stream.next());
}

TEST_CASE("the sender is told by the packet where only one side sends it") {
  const auto sender = [](std::string_view hex, PacketStream::Options options = {}) {
    PacketStream stream{options};
    feed(stream, hex);
    stream.finish();
    return stream.next()->sender;
  };
  CHECK(sender(connect_5) == Role::client);
  CHECK(sender("D000") == Role::server);
  CHECK(sender("3003000161") == Role::unknown);
  CHECK(sender("E000", {Version::v5, Role::unknown}) == Role::unknown);
  CHECK(sender("E000", {Version::v3_1_1, Role::unknown}) == Role::client);
  CHECK(sender("D000", {Version::v5, Role::client}) == Role::client);
}

TEST_CASE("half a packet at the end comes out once, with the number of bytes missing") {
  PacketStream stream{{Version::v5, Role::unknown}};
  feed(stream, "C000 300A 0001 61");
  CHECK(stream.next()->state == State::whole);
  CHECK_FALSE(stream.next());
  stream.finish();
  const auto half = stream.next();
  REQUIRE(half);
  CHECK(half->state == State::incomplete);
  CHECK(half->offset == 2);
  CHECK(half->bytes.size() == 5);
  CHECK(half->missing_bytes == 7);
  CHECK_FALSE(stream.next());
}

TEST_CASE("behind a Remaining Length of five bytes packets are searched for") {
  PacketStream stream{{Version::v5, Role::unknown}};
  feed(stream, "C000 30FFFFFFFF 01 C000");
  CHECK(stream.next()->state == State::whole);
  const auto unreadable = stream.next();
  REQUIRE(unreadable);
  CHECK(unreadable->state == State::unreadable);
  CHECK(unreadable->bytes.size() == 5);
  CHECK_FALSE(stream.next());
  feed(stream, "C000C000");
  stream.finish();
  const auto skipped = stream.next();
  REQUIRE(skipped);
  CHECK(skipped->state == State::skipped);
  CHECK(skipped->offset == 7);
  CHECK(skipped->skipped_bytes == 1);
  CHECK(all_of(stream) == "w8+2/5 w10+2/5 w12+2/5 ");
}

TEST_CASE("garbage between packets is passed over and counted") {
  PacketStream stream{{Version::v5, Role::unknown}};
  // "GET / HT" begins like a PUBACK with wrong flags and a length of 69 bytes.
  feed(stream, "C000 474554202F204854 300400016100 300400016200");
  stream.finish();
  std::string states;
  while (const auto item = stream.next()) {
    states += std::to_string(static_cast<int>(item->state)) + "@" + std::to_string(item->offset) + " ";
    if (item->state == State::skipped) CHECK(item->skipped_bytes + 5 == 8);
  }
  CHECK(states == "0@0 2@2 3@7 0@10 0@16 ");
}

TEST_CASE("a packet with wrong flags comes out at once if the rest of it is in order") {
  PacketStream stream{{}};
  feed(stream, connect_5);
  CHECK(all_of(stream) == "w0+18/5 ");
  feed(stream, "3E08 0003 612F62 000A 00");  // PUBLISH with QoS 3
  CHECK(all_of(stream) == "w18+10/5 ");
  feed(stream, "8109 0001 00 0003 612F62 00");  // SUBSCRIBE with the flags 1
  CHECK(all_of(stream) == "w28+11/5 ");
  feed(stream, "4702 0000");  // PUBACK with the flags 7 and an identifier that is wrong, too: what follows must tell
  CHECK(all_of(stream).empty());
  feed(stream, "C000");
  CHECK(all_of(stream) == "w39+4/5 w43+2/5 ");
}

TEST_CASE("two broken packets one after another are both shown") {
  CHECK(split("3607000161000A0062 3607000161000A0062 C000", {Version::v5, Role::unknown}) == "w0+9/5 w9+9/5 w18+2/5 ");
}

TEST_CASE("a gap inside a packet of known length leaves the stream in step") {
  PacketStream stream{{Version::v5, Role::unknown}};
  feed(stream, "C000 300A 0001 61 00");
  CHECK(stream.next()->state == State::whole);
  CHECK_FALSE(stream.next());
  stream.lose(4);
  const auto damaged = stream.next();
  REQUIRE(damaged);
  CHECK(damaged->state == State::incomplete);
  CHECK(damaged->offset == 2);
  CHECK(damaged->missing_bytes == 4);
  feed(stream, "6161 C000");
  CHECK(all_of(stream) == "w14+2/5 ");
}

TEST_CASE("behind a gap that may hold whole packets they are searched for") {
  PacketStream stream{{Version::v5, Role::unknown}};
  feed(stream, "C000");
  CHECK(stream.next());
  stream.lose(100);
  feed(stream, "6162 300400016100 300400016200");
  stream.finish();
  const auto skipped = stream.next();
  REQUIRE(skipped);
  CHECK(skipped->offset == 102);
  CHECK(skipped->skipped_bytes == 2);
  CHECK(all_of(stream) == "w104+6/5 w110+6/5 ");
}

TEST_CASE("of a packet of more than 4 MiB only the beginning is kept") {
  PacketStream stream{{Version::v5, Role::unknown}};
  feed(stream, "30 FFFFFF7F 0001 61 00");  // 268,435,455 bytes behind the header
  auto& buffer = stream.feed_buffer();
  buffer.resize(64U * 1024 + 4);
  const auto cut = stream.next();
  REQUIRE(cut);
  CHECK(cut->left_out);
  CHECK(cut->bytes.size() == 64U * 1024 + 4);
  CHECK(cut->missing_bytes == 268'435'460 - 64U * 1024 - 4);
  std::size_t held = 0;
  for (std::uint64_t left = cut->missing_bytes; left > 0;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, 1U << 20U));
    stream.feed_buffer().resize(count);
    CHECK_FALSE(stream.next());
    held += stream.is_idle() ? 0 : 1;
    left -= count;
  }
  CHECK(held == 0);
  feed(stream, "C000");
  CHECK(all_of(stream) == "w268435460+2/5 ");
}

TEST_CASE("the other direction may tell the version") {
  PacketStream stream{{}};
  feed(stream, "20020000");
  CHECK_FALSE(stream.next());
  stream.learn_version(Version::v3_1_1);
  CHECK(all_of(stream) == "w0+4/4 ");
}

TEST_CASE("half a packet shows its fields up to the cut and no fault of the cut's making") {
  std::vector<std::uint8_t> copy;
  const Annotated notes = annotate_incomplete(*from_hex("3214 0003 612F62 000A 00 6869"), {}, copy);
  CHECK(notes.problems.empty());
  CHECK_FALSE(notes.decoded);
  const auto& publish = std::get<Publish>(notes.packet);
  CHECK(publish.topic_name == "a/b");
  CHECK(publish.packet_identifier == 10);
  for (const Annotation& note : notes.annotations) {
    if (note.name == "Remaining Length") CHECK(note.value == "20");
  }

  const Annotated reserved = annotate_incomplete(*from_hex("3614 0003 61"), {}, copy);
  REQUIRE(reserved.problems.size() == 1);
  CHECK(reserved.problems[0].fault == Fault{Rule::qos_reserved, 0});
}
