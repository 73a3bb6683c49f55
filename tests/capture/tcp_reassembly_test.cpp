#include "capture/tcp_reassembly.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtk;

namespace {

// What the listener was told, as text: ">" is the first side, "<" the second.
class Log : public ConnectionListener {
 public:
  void opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) override {
    static_cast<void>(time);
    text += std::to_string(id) + (ends.start_seen ? " open " : " met ") + ends.first.text() + "; ";
  }
  void received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) override {
    static_cast<void>(time);
    static_cast<void>(id);
    text += (sender == Side::first ? ">" : "<") + std::string{as_text(bytes)} + "; ";
  }
  void missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) override {
    static_cast<void>(time);
    static_cast<void>(id);
    text += (sender == Side::first ? ">missing " : "<missing ") + std::to_string(bytes) + "; ";
  }
  void closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
              std::optional<WallTime> time) override {
    static_cast<void>(time);
    constexpr const char* words[] = {"finished", "reset", "replaced", "cut"};
    text += std::to_string(id) + " " + words[static_cast<std::size_t>(end)];
    retransmitted += first.retransmitted + second.retransmitted;
  }
  std::string text;
  std::uint64_t retransmitted = 0;
};

SocketEnd end_of(std::uint8_t host, std::uint16_t port) {
  SocketEnd end;
  end.family = 4;
  end.address = {10, 0, 0, host};
  end.port = port;
  return end;
}

class Wire {
 public:
  Segment from_client(std::uint32_t sequence, std::string_view text) const {
    Segment segment;
    segment.kind = Segment::Kind::tcp;
    segment.source = end_of(1, 5000);
    segment.destination = end_of(2, 1883);
    segment.sequence = sequence;
    segment.payload = as_bytes(text);
    return segment;
  }
  Segment from_server(std::uint32_t sequence, std::string_view text) const {
    Segment segment = from_client(sequence, text);
    std::swap(segment.source, segment.destination);
    return segment;
  }
  void open(std::uint32_t client = 100, std::uint32_t server = 900) {
    Segment syn = from_client(client, "");
    syn.syn = true;
    reassembly.take(syn, {});
    Segment answer = from_server(server, "");
    answer.syn = answer.has_acknowledgement = true;
    answer.acknowledgement = client + 1;
    reassembly.take(answer, {});
  }
  void client(std::uint32_t sequence, std::string_view text) { reassembly.take(from_client(sequence, text), {}); }
  void server(std::uint32_t sequence, std::string_view text) { reassembly.take(from_server(sequence, text), {}); }
  void acknowledge_client(std::uint32_t until) {
    Segment segment = from_server(901, "");
    segment.has_acknowledgement = true;
    segment.acknowledgement = until;
    reassembly.take(segment, {});
  }

  Log log;
  TcpReassembly reassembly{log};
};

}  // namespace

TEST_CASE("segments in order are handed out as they come, for both sides") {
  Wire wire;
  wire.open();
  wire.client(101, "ab");
  wire.server(901, "x");
  wire.client(103, "c");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; <x; >c; ");
}

TEST_CASE("segments in the wrong order are put right") {
  Wire wire;
  wire.open();
  wire.client(103, "cd");
  wire.client(105, "ef");
  wire.client(101, "ab");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >cd; >ef; ");
}

TEST_CASE("what is sent again is handed out once, and counted") {
  Wire wire;
  wire.open();
  wire.client(101, "abcd");
  wire.client(101, "abcd");
  wire.client(103, "cdef");  // overlaps
  wire.reassembly.finish();
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >abcd; >ef; 1 cut");
  CHECK(wire.log.retransmitted == 1);
}

TEST_CASE("a gap is told once the receiver has acknowledged it") {
  Wire wire;
  wire.open();
  wire.client(101, "ab");
  wire.client(110, "x");
  wire.acknowledge_client(105);
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; ");
  wire.acknowledge_client(111);
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >missing 7; >x; ");
}

TEST_CASE("an answer to what was not captured tells the gap before the answer is handed out") {
  Wire wire;
  wire.open();
  wire.client(101, "ab");
  Segment answer = wire.from_server(901, "y");
  answer.has_acknowledgement = true;
  answer.acknowledgement = 108;
  wire.reassembly.take(answer, {});
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >missing 5; <y; ");
}

TEST_CASE("a gap is told at the end of the capture") {
  Wire wire;
  wire.open();
  wire.client(101, "ab");
  wire.client(105, "e");
  wire.reassembly.finish();
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >missing 2; >e; 1 cut");
}

TEST_CASE("bytes that the capture cut off are a gap") {
  Wire wire;
  wire.open();
  Segment segment = wire.from_client(101, "ab");
  segment.cut_bytes = 3;
  wire.reassembly.take(segment, {});
  wire.client(106, "f");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >missing 3; >f; ");
}

TEST_CASE("sequence numbers wrap") {
  Wire wire;
  wire.open(0xFFFFFFFD);
  wire.client(0xFFFFFFFE, "ab");
  wire.client(1, "d");
  wire.client(0, "c");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >ab; >c; >d; ");
}

TEST_CASE("a capture that starts in the middle is read from its first segment on") {
  Wire wire;
  wire.acknowledge_client(500);
  wire.server(901, "x");
  wire.client(500, "a");
  CHECK(wire.log.text == "1 met 10.0.0.2:1883; >x; <a; ");
}

TEST_CASE("FIN from both sides ends a connection, and late segments open no new one") {
  Wire wire;
  wire.open();
  Segment fin = wire.from_client(101, "a");
  fin.fin = true;
  wire.reassembly.take(fin, {});
  fin = wire.from_server(901, "");
  fin.fin = true;
  wire.reassembly.take(fin, {});
  wire.client(101, "a");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >a; 1 finished");
}

TEST_CASE("a SYN for known addresses starts a new connection, unless it is only sent again") {
  Wire wire;
  wire.open();
  wire.open();
  wire.client(101, "a");
  wire.open(7000, 8000);
  wire.client(7001, "b");
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >a; 1 replaced2 open 10.0.0.1:5000; >b; ");
}

TEST_CASE("RST ends a connection") {
  Wire wire;
  wire.open();
  wire.client(101, "a");
  Segment reset = wire.from_server(901, "");
  reset.reset = true;
  wire.reassembly.take(reset, {});
  CHECK(wire.log.text == "1 open 10.0.0.1:5000; >a; 1 reset");
}

TEST_CASE("a connection without any data is not told") {
  Wire wire;
  wire.open();
  wire.reassembly.finish();
  CHECK(wire.log.text.empty());
}

TEST_CASE("a keep-alive probe is no retransmission") {
  Wire wire;
  wire.open();
  wire.client(101, "ab");
  wire.client(102, "b");
  wire.reassembly.finish();
  CHECK(wire.log.retransmitted == 0);
}
