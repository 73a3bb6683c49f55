// A whole conversation from outside: segments of both sides, down to the packets, the flow's rules and all views.
//
// The input is a list of steps: one byte that says who sends, whether bytes are missing and whether a new connection
// begins, one byte of length, and so many bytes.
#include <string>

#include "base/utf8.hpp"
#include "capture/capture_decoder.hpp"
#include "capture/packet_filter.hpp"
#include "capture/packet_json.hpp"
#include "capture/packet_line.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

namespace {

class Viewer : public CaptureListener {
 public:
  void packet(const PacketRecord& record, const FlowCheck& flow) override {
    expect(record.stream == opened_, "a packet belongs to an opened connection");
    for (const Problem& problem : record.problems) {
      expect(problem.fault.offset <= record.bytes.size() + record.missing_bytes, "a problem is in its packet");
    }
    std::string out;
    append_packet_json(out, record, Secrets::hidden);
    expect(is_mqtt_text(as_bytes(out)) && out.find('\n') == std::string::npos, "JSON is one line of text");
    append_packet_line(out, record, {});
    static_cast<void>(filter_.matches({record, &flow}));
  }
  void notice(std::uint64_t stream, Role sender, std::optional<WallTime> time, const std::string& text) override {
    static_cast<void>(sender);
    static_cast<void>(time);
    expect(stream <= opened_ && !text.empty(), "a notice belongs to a connection");
  }
  void connection_problem(std::uint64_t stream, Version version, Rule rule, const std::string& detail) override {
    static_cast<void>(version);
    static_cast<void>(detail);
    expect(stream > 0 && stream <= opened_ && rule != Rule::none, "a problem belongs to a connection");
  }
  void opened(std::uint64_t stream, const ConnectionEnds& ends, Side client) override {
    static_cast<void>(ends);
    static_cast<void>(client);
    expect(stream == ++opened_, "connections count from 1");
  }
  void closed(std::uint64_t stream, ConnectionEnd end, const TcpCounts& client, const TcpCounts& server,
              const FlowCheck& flow, std::optional<WallTime> time) override {
    static_cast<void>(end);
    static_cast<void>(client);
    static_cast<void>(server);
    static_cast<void>(time);
    expect(stream == opened_, "the last connection is closed first");
    expect(flow.side(Role::client).messages() <= flow.side(Role::client).in_flight().size(), "messages are counted");
  }

 private:
  PacketFilter filter_ = PacketFilter::parse("topic~\"a/#\" || reason_code>=128 && filter==b || statement").value();
  std::uint64_t opened_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Viewer viewer;
  CaptureDecoder decoder{viewer, Notes::when_needed, {}, nullptr};
  Bytes input{data, std::min<std::size_t>(size, 65536)};
  std::uint32_t next[2] = {100, 900};
  Segment segment;
  segment.kind = Segment::Kind::tcp;
  SocketEnd ends[2];
  ends[0].port = 50000;
  ends[1].port = 1883;
  WallTime now{};
  while (input.size() >= 2) {
    const std::uint8_t what = input[0];
    const std::size_t sender = what & 1U;
    segment.source = ends[sender];
    segment.destination = ends[1 - sender];
    segment.syn = (what & 2U) != 0;
    if ((what & 4U) != 0) next[sender] += 1U + (what >> 5U);  // missing
    now += std::chrono::seconds{(what & 8U) != 0 ? 20 : 0};
    segment.sequence = next[sender];
    segment.has_acknowledgement = (what & 16U) != 0;
    segment.acknowledgement = next[1 - sender];
    segment.payload = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    next[sender] += static_cast<std::uint32_t>(segment.payload.size()) + (segment.syn ? 1U : 0U);
    decoder.take(segment, now);
    input = input.subspan(2 + segment.payload.size());
  }
  decoder.finish();
  return 0;
}
