// What a capture may make its reader hold, however it is made: the bounds, and what is told where they are met.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/hex.hpp"
#include "capture/capture_decoder.hpp"

using namespace mqtk;

namespace {

class Heard final : public CaptureListener {
 public:
  void packet(const PacketRecord& record, const FlowCheck& flow) override {
    static_cast<void>(flow);
    last = fmt::format("{} {}", record.stream, packet_type_name(record.type));
    if (record.left_out) {
      left_out.push_back(record.stream);
      last += " left out";
    } else if (record.type == PacketType::publish) {
      whole_publishes.push_back(record.stream);
    }
  }
  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override {
    static_cast<void>(sender), static_cast<void>(time);
    notices.push_back(fmt::format("{}: {}", stream, text));
  }
  void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) override {
    static_cast<void>(stream), static_cast<void>(version), static_cast<void>(rule), static_cast<void>(detail);
  }
  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override {
    static_cast<void>(stream), static_cast<void>(ends), static_cast<void>(client);
  }
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override {
    static_cast<void>(end), static_cast<void>(client), static_cast<void>(server), static_cast<void>(flow);
    static_cast<void>(time);
    closed_streams.push_back(stream);
  }

  std::string last;
  std::vector<std::uint64_t> left_out;
  std::vector<std::uint64_t> whole_publishes;
  std::vector<std::string> notices;
  std::vector<std::uint64_t> closed_streams;
};

struct Live {
  Heard heard;
  CaptureDecoder decoder{heard, Notes::when_needed, std::nullopt};
  std::size_t most_held = 0;

  std::uint64_t connect() {
    const std::uint64_t stream = decoder.open({.first = {}, .second = {}, .start_seen = true});
    send(stream, Role::client, *from_hex("101000044d5154540502003c000003616263"));
    send(stream, Role::server, *from_hex("2003000000"));
    return stream;
  }
  void send(std::uint64_t stream, Role sender, Bytes bytes) {
    decoder.receive(stream, sender, bytes, WallTime{});
    most_held = std::max(most_held, decoder.held_bytes());
  }
};

// The first `size` bytes of a PUBLISH of 200,005 bytes.
std::vector<std::uint8_t> begin_of_publish(std::size_t size) {
  std::vector<std::uint8_t> bytes = *from_hex("30 C19A0C 0001 61 00");
  bytes.resize(size, 'x');
  return bytes;
}

std::vector<std::uint8_t> framed(std::uint8_t first, const std::vector<std::uint8_t>& rest) {
  std::vector<std::uint8_t> packet{first};
  for (std::size_t left = rest.size();; left >>= 7U) {
    packet.push_back(static_cast<std::uint8_t>((left & 0x7FU) | (left > 0x7F ? 0x80U : 0U)));
    if (left <= 0x7F) break;
  }
  packet.insert(packet.end(), rest.begin(), rest.end());
  return packet;
}

}  // namespace

TEST_CASE("unfinished packets of many connections stay below one bound, and the largest are left out first") {
  Live live;
  const std::uint64_t large = live.connect();
  live.send(large, Role::client, begin_of_publish(150'000));
  const std::uint64_t small = live.connect();
  live.send(small, Role::client, begin_of_publish(1'000));
  for (int i = 0; i < 400; ++i) live.send(live.connect(), Role::client, begin_of_publish(60'000));
  CHECK(live.most_held <= CaptureDecoder::max_held_bytes);
  REQUIRE_FALSE(live.heard.left_out.empty());
  CHECK(live.heard.left_out.front() == large);
  CHECK(std::ranges::count(live.heard.left_out, small) == 0);
  // Both streams stay in step: the rest of the packet is passed over, or makes it whole.
  live.send(large, Role::client, std::vector<std::uint8_t>(50'005, 'x'));
  live.send(large, Role::client, *from_hex("C000"));
  CHECK(live.heard.last == fmt::format("{} PINGREQ", large));
  live.send(small, Role::client, std::vector<std::uint8_t>(199'005, 'x'));
  CHECK(live.heard.whole_publishes == std::vector<std::uint64_t>{small});
}

TEST_CASE("memory of packets that have been read makes no packet of another connection be left out") {
  Live live;
  std::vector<std::uint8_t> body = *from_hex("0001 61 00");
  body.resize(1'500'000, 'x');
  const std::vector<std::uint8_t> publish = framed(0x30, body);
  body.resize(1'900'000, 'x');
  const std::vector<std::uint8_t> larger = framed(0x30, body);
  std::vector<std::uint64_t> streams;
  for (int i = 0; i < 6; ++i) streams.push_back(live.connect());
  // In two parts each, since what comes at once and whole is not kept.
  for (const std::uint64_t stream : streams) {
    live.send(stream, Role::client, Bytes{publish}.first(100'000));
    live.send(stream, Role::client, Bytes{publish}.subspan(100'000));
  }
  streams.push_back(live.connect());
  live.send(streams.back(), Role::client, Bytes{larger}.first(1'800'000));
  live.send(streams.back(), Role::client, Bytes{larger}.subspan(1'800'000));
  CHECK(live.most_held <= CaptureDecoder::max_held_bytes);
  CHECK(live.heard.left_out.empty());
  CHECK(live.heard.whole_publishes == streams);
}

TEST_CASE("noise on many connections stays below the bound, and what is passed over is counted") {
  Live live;
  std::vector<std::uint64_t> streams;
  for (int i = 0; i < 300; ++i) streams.push_back(live.connect());
  // What might be a packet of 64,000 bytes once it has come, behind bytes that are none.
  std::vector<std::uint8_t> noise = *from_hex("FFFFFFFFFFFF 30 FCF303 0001 61 00");
  noise.resize(40'000, 0xFF);
  for (const std::uint64_t stream : streams) live.send(stream, Role::client, noise);
  CHECK(live.most_held <= CaptureDecoder::max_held_bytes);
  live.decoder.close(streams[0], ConnectionEnd::finished, WallTime{});
  CHECK(live.heard.notices == std::vector<std::string>{"1: 39995 bytes skipped at offset 23: no packet starts there"});
}

TEST_CASE("what is in flight is forgotten where all connections together have too much of it, and that is told") {
  Live live;
  std::vector<std::uint8_t> publishes;
  for (unsigned id = 1; id <= 0xFFFF; ++id) {
    const std::vector<std::uint8_t> one = *from_hex(fmt::format("32 06 0001 61 {:04x} 00", id));
    publishes.insert(publishes.end(), one.begin(), one.end());
  }
  for (int i = 0; i < 3; ++i) live.send(live.connect(), Role::client, publishes);
  CHECK(live.most_held <= CaptureDecoder::max_held_bytes);
  REQUIRE_FALSE(live.heard.notices.empty());
  CHECK(live.heard.notices[0] ==
        "1: more is unfinished in this capture than can be kept: what is in flight here, subscriptions and topic "
        "aliases are forgotten");
  // An answer to what was forgotten is no mistake.
  live.send(1, Role::server, *from_hex("40020007"));
  CHECK(live.heard.last == "1 PUBACK");
}

TEST_CASE("where connections are too many, the oldest are closed") {
  Live live;
  Segment segment;
  segment.kind = Segment::Kind::tcp;
  segment.source.family = segment.destination.family = 4;
  segment.destination.port = 1883;
  const std::vector<std::uint8_t> connect = *from_hex("101000044d5154540502003c000003616263");
  segment.payload = connect;
  for (unsigned port = 1; port <= 10'000; ++port) {
    segment.source.port = static_cast<std::uint16_t>(port);
    live.decoder.take(segment, WallTime{});
    live.most_held = std::max(live.most_held, live.decoder.held_bytes());
  }
  CHECK(live.most_held <= CaptureDecoder::max_held_bytes);
  REQUIRE_FALSE(live.heard.closed_streams.empty());
  CHECK(live.heard.closed_streams.front() == 1);
  CHECK(std::ranges::is_sorted(live.heard.closed_streams));
  CHECK(live.heard.last == "10000 CONNECT");
}

TEST_CASE("Sessions that wait for their client stay below a bound") {
  FlowSessions sessions;
  const SocketEnd server;
  std::size_t most = 0;
  for (int i = 0; i < 2'000; ++i) {
    const std::string client = fmt::format("{:04}", i) + std::string(5'000, 'c');
    FlowCheck flow{true};
    std::vector<FlowProblem> problems;
    Connect opening;
    opening.version = Version::v3_1_1;
    opening.clean_start = false;
    opening.client_identifier = client;
    const Packet connect{opening};
    flow.take({Role::client, &connect, 20, WallTime{}}, problems);
    sessions.asked(server, flow);
    const Packet connack{Connack{}};
    flow.take({Role::server, &connack, 4, WallTime{}}, problems);
    sessions.accepted(server, flow, WallTime{});
    sessions.closed(server, flow, WallTime{});
    most = std::max(most, sessions.held_bytes());
  }
  CHECK(most > FlowSessions::max_held_bytes / 2);
  CHECK(most <= FlowSessions::max_held_bytes);
}

TEST_CASE("a SUBSCRIBE with very many filters takes no longer than many small ones, and is counted to its end") {
  Live live;
  const std::uint64_t stream = live.connect();
  std::vector<std::uint8_t> body = *from_hex("0001 00");
  std::vector<std::uint8_t> codes = body;
  for (unsigned i = 0; i < 70'000; ++i) {
    const std::vector<std::uint8_t> filter = *from_hex(fmt::format("0003 78 2F {:02x} 00", 0x30 + i % 10));
    body.insert(body.end(), filter.begin(), filter.end());
    codes.push_back(0);
  }
  live.send(stream, Role::client, framed(0x82, body));
  live.send(stream, Role::server, framed(0x90, codes));
  CHECK(live.heard.last == fmt::format("{} SUBACK", stream));
}
