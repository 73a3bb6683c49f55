#include "capture/capture_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

// One word per call: "1 CONNECT".
class Heard final : public CaptureListener {
 public:
  void packet(const PacketRecord& record, const FlowCheck& flow) override {
    static_cast<void>(flow);
    std::string word = std::to_string(record.stream) + (record.sender == Role::client ? " > " : " < ");
    word += packet_type_name(record.type);
    for (const Problem& problem : record.problems) word.append(" !").append(rule_info(problem.fault.rule).name);
    words.push_back(word);
  }
  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override {
    static_cast<void>(stream), static_cast<void>(sender), static_cast<void>(time);
    words.push_back(text);
  }
  void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) override {
    static_cast<void>(stream), static_cast<void>(version), static_cast<void>(rule), static_cast<void>(detail);
  }
  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override {
    static_cast<void>(ends), static_cast<void>(client);
    words.push_back("opened " + std::to_string(stream));
  }
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override {
    static_cast<void>(end), static_cast<void>(client), static_cast<void>(server), static_cast<void>(flow);
    static_cast<void>(time);
    words.push_back("closed " + std::to_string(stream));
  }

  std::vector<std::string> words;
};

using Words = std::vector<std::string>;

struct Live {
  Heard notes;
  CaptureDecoder decoder{notes, Notes::when_needed, std::nullopt};

  std::uint64_t open() { return decoder.open({.first = {}, .second = {}, .start_seen = true}); }
  void send(std::uint64_t stream, Role sender, std::string_view hex) {
    decoder.receive(stream, sender, *from_hex(hex), WallTime{});
  }
};

constexpr std::string_view connect = "101000044d5154540502003c000003616263";  // 5.0, client "abc"
constexpr std::string_view connack = "2003000000";

}  // namespace

TEST_CASE("connections that somebody else follows are numbered as they open and mixed as they send") {
  Live live;
  CHECK(live.open() == 1);
  CHECK(live.open() == 2);
  live.send(2, Role::client, connect);
  live.send(1, Role::client, "c000");
  live.send(1, Role::client, connect);
  live.send(2, Role::server, connack);
  CHECK(live.notes.words == Words{"opened 1", "opened 2", "2 > CONNECT", "1 > PINGREQ !first_packet_not_connect",
                                  "1 > CONNECT", "2 < CONNACK"});
}

TEST_CASE("half a packet counts where its connection ended, not where the watching ended") {
  for (const ConnectionEnd end : {ConnectionEnd::finished, ConnectionEnd::capture_end}) {
    Live live;
    const std::uint64_t stream = live.open();
    live.send(stream, Role::client, connect);
    live.send(stream, Role::client, "300a0001");
    live.decoder.close(stream, end, WallTime{});
    Words expected{"opened 1", "1 > CONNECT", "1 > PUBLISH", "closed 1"};
    if (end == ConnectionEnd::capture_end) expected.erase(expected.begin() + 2);
    CHECK(live.notes.words == expected);
  }
}

TEST_CASE("where packets are lost on the way, answers to them are not held to be wrong") {
  for (const bool lossy : {false, true}) {
    Live live;
    const std::uint64_t stream = live.open();
    live.send(stream, Role::client, connect);
    live.send(stream, Role::server, connack);
    if (lossy) live.decoder.lose(stream);
    live.send(stream, Role::server, "40020007");
    CHECK(live.notes.words.back() == (lossy ? "1 < PUBACK" : "1 < PUBACK !acknowledgement_unexpected"));
  }
}

TEST_CASE("a Session is known to the next connection of its client") {
  Live live;
  const std::string_view resume = "101500044d5154540500003c05110000003c0003616263";  // expires after 60 s
  std::uint64_t stream = live.open();
  live.send(stream, Role::client, resume);
  live.send(stream, Role::server, connack);
  live.send(stream, Role::client, "320700017400070078");  // QoS 1, identifier 7
  live.decoder.close(stream, ConnectionEnd::finished, WallTime{});
  stream = live.open();
  live.send(stream, Role::client, resume);
  live.send(stream, Role::server, "2003010000");
  live.send(stream, Role::server, "40020007");
  CHECK(live.notes.words.back() == "2 < PUBACK");
}
