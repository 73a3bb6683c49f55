#include "payload/sparkplug_state.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

// Fields of Protocol Buffers as hex: key, then length where there is one.
//   payload: 08 timestamp, 12 metric, 18 seq; metric: 0a name, 10 alias, 18 timestamp, 20 datatype, 50 int, 58 long,
//   65 float, 70 boolean, 7a string
constexpr std::string_view bd_seq_0 = "0a05626453657120045800";  // "bdSeq", Int64, 0
constexpr std::string_view rebirth = "0a144e6f646520436f6e74726f6c2f52656269727468200b7000";

std::string payload_of(std::string_view timestamp, std::initializer_list<std::string_view> metrics,
                       std::string_view seq) {
  std::string hex{timestamp};
  for (const std::string_view metric : metrics) {
    const std::uint8_t size[] = {static_cast<std::uint8_t>(metric.size() / 2)};
    hex.append("12").append(to_hex(size)).append(metric);
  }
  return hex.append(seq);
}

struct Node {
  SparkplugState state;
  SparkplugReading send(std::string_view topic, const std::string& hex, unsigned qos = 0, bool retain = false,
                        bool is_will = false) {
    const std::vector<std::uint8_t> payload = from_hex(hex).value();
    return state.take({.topic = topic, .payload = payload, .qos = qos, .retain = retain, .is_will = is_will});
  }
  void birth() {
    send("spBv1.0/g/NDEATH/n", payload_of("", {bd_seq_0}, ""), 1, false, true);
    // temperature, alias 1, Float, 21.5
    const SparkplugReading reading =
        send("spBv1.0/g/NBIRTH/n", payload_of("0864", {bd_seq_0, rebirth, "0a0474656d7010012009650000ac41"}, "1800"));
    CHECK(texts(reading).empty());
  }
  static std::string texts(const SparkplugReading& reading) {
    std::string out;
    for (const SparkplugFinding& finding : reading.findings) {
      out += std::string{finding.statement} + ": " + finding.message + "\n";
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a topic of Sparkplug names group, type, node and device, or the reason why it is none") {
  const auto topic = parse_sparkplug_topic("spBv1.0/plant/DDATA/edge/pump");
  REQUIRE(topic.has_value());
  CHECK(topic->type == SparkplugType::ddata);
  CHECK(topic->group == "plant");
  CHECK(topic->node == "edge");
  CHECK(topic->device == "pump");
  CHECK(parse_sparkplug_topic("spBv1.0/STATE/host")->node == "host");
  CHECK(parse_sparkplug_topic("spBv1.0/g/NBIRTH/n/d").error() == "a message of the edge node names a device");
  CHECK(parse_sparkplug_topic("spBv1.0/g/DDATA/n").error() == "a message of a device names none");
  CHECK(parse_sparkplug_topic("spBv1.0/g/OTHER/n").error() == "the third level is no message type");
  CHECK_FALSE(is_sparkplug_topic("spAv1.0/g/NDATA/n"));
}

TEST_CASE("names and types of aliases come from the birth") {
  Node node;
  node.birth();
  const SparkplugReading reading = node.send("spBv1.0/g/NDATA/n", payload_of("0865", {"1001650000b041"}, "1801"));
  CHECK(reading.json == R"({"type":"NDATA","group":"g","node":"n","timestamp":101,"seq":1,"metrics":[)"
                        R"({"name":"temp","alias":1,"type":"Float","value":22.0}]})");
  CHECK(Node::texts(reading).empty());
}

TEST_CASE("signed numbers are cut to the width of their datatype") {
  SparkplugMetric metric;
  metric.value = ProtobufField{.number = 10, .type = ProtobufField::Type::varint, .value = 0xFFFFFFFE};
  std::string out;
  append_sparkplug_value(out, metric, 1);
  append_sparkplug_value(out, metric, 3);
  append_sparkplug_value(out, metric, 7);
  CHECK(out == "-2-24294967294");
}

TEST_CASE("arrays, texts and times are read by their datatype") {
  const auto value = [](std::uint32_t field, std::uint32_t datatype, std::string_view hex) {
    const std::vector<std::uint8_t> bytes = from_hex(hex).value();
    SparkplugMetric metric;
    metric.value = ProtobufField{.number = field, .type = ProtobufField::Type::bytes, .bytes = bytes};
    std::string out;
    append_sparkplug_value(out, metric, datatype);
    return out;
  };
  CHECK(value(16, 23, "feff0300") == "[-2,3]");
  CHECK(value(16, 30, "0000c03f") == "[1.5]");
  CHECK(value(16, 32, "03000000a0") == "[true,false,true]");
  CHECK(value(16, 33, "616200630000") == R"(["ab","c",""])");
  CHECK(value(16, 34, "e803000000000000") == R"(["1970-01-01T00:00:01.000000000Z"])");
  CHECK(value(15, 12, "6869") == "\"hi\"");
  CHECK(value(16, 17, "00ff") == "\"AP8=\"");
  // columns "a" and "b" of Int8 and String; one row: -1, "x"
  CHECK(value(17, 16, "08021201611201621801180c220d0a0608ffffffff0f0a03320178") ==
        R"({"columns":["a","b"],"rows":[[-1,"x"]]})");
}

TEST_CASE("a gap in the sequence is found, and 0 follows 255") {
  Node node;
  node.birth();
  CHECK(Node::texts(node.send("spBv1.0/g/NDATA/n", payload_of("0865", {}, "1803"))) ==
        "tck-id-payloads-ndata-seq-inc: seq is 3 where 1 is due\n");
  CHECK(Node::texts(node.send("spBv1.0/g/NDATA/n", payload_of("0865", {}, "1804"))).empty());
  node.send("spBv1.0/g/NDATA/n", payload_of("0865", {}, "18ff01"));
  CHECK(Node::texts(node.send("spBv1.0/g/NDATA/n", payload_of("0865", {}, "1800"))).empty());
}

TEST_CASE("QoS, RETAIN, timestamp and seq are held against the rules of the message type") {
  Node node;
  CHECK(Node::texts(node.send("spBv1.0/g/NDATA/n", "", 1, true)) ==
        "tck-id-payloads-ndata-qos: NDATA has QoS 1; 0 is allowed\n"
        "tck-id-payloads-ndata-retain: NDATA has RETAIN 1; 0 is allowed\n"
        "tck-id-payloads-ndata-timestamp: NDATA has no timestamp\n"
        "tck-id-payloads-ndata-seq: NDATA has no seq\n");
  CHECK(Node::texts(node.send("spBv1.0/STATE/host", "", 0, false)) ==
        "tck-id-payloads-state-will-message-qos: STATE has QoS 0; 1 is allowed\n"
        "tck-id-payloads-state-will-message-retain: STATE has RETAIN 0; 1 is allowed\n");
}

TEST_CASE("births and deaths belong together") {
  Node node;
  node.birth();
  CHECK(Node::texts(node.send("spBv1.0/g/NDEATH/n", payload_of("", {"0a05626453657120045801"}, "1802"), 1)) ==
        "tck-id-payloads-ndeath-seq: NDEATH has a seq; it must have none\n"
        "tck-id-payloads-ndeath-bdseq: bdSeq is 1, that of the NBIRTH is 0\n");
  CHECK(Node::texts(node.send("spBv1.0/g/NBIRTH/n", payload_of("0864", {"0a05626453657120045801"}, "1800"))) ==
        "tck-id-payloads-nbirth-bdseq-repeat: bdSeq is 1, that of the Will is 0\n"
        "tck-id-payloads-nbirth-rebirth-req: NBIRTH has no metric Node Control/Rebirth that is false\n");
}

TEST_CASE("metrics without name, with both, or with an unknown alias are found") {
  Node node;
  node.birth();
  CHECK(
      Node::texts(node.send("spBv1.0/g/NDATA/n", payload_of("0865", {"5001", "0a017410015001", "10075001"}, "1801"))) ==
      "tck-id-payloads-name-requirement: a metric of NDATA has neither name nor alias\n"
      "tck-id-payloads-alias-data-cmd-requirement: metric t of NDATA has name and alias; the alias alone is allowed\n"
      ": alias 7 stands in no birth of this edge node\n");
  CHECK(Node::texts(node.send("spBv1.0/g/DDATA/n/d", payload_of("0865", {}, "1802"))) ==
        "tck-id-payloads-ddata-order: DDATA of device d, which has no DBIRTH\n");
}

TEST_CASE("a payload that is no Sparkplug says where") {
  Node node;
  CHECK(node.send("spBv1.0/g/NDATA/n", "35352e3439").error == "byte 0: this is no Sparkplug payload, or a damaged one");
  CHECK(node.send("spBv1.0/g/NDATA/n",
                  "08651203"
                  "0a0561")
            .error == "byte 4: a metric is damaged");
  CHECK(node.send("spBv1.0/g", "").error == "the third level is no message type");
}

TEST_CASE("a node that is born again and again takes the memory of one birth, and of 16,384 metrics at most") {
  const auto birth_with = [](unsigned first, unsigned count) {
    std::string metrics;
    for (unsigned i = first; i < first + count; ++i) {
      // Name of eight characters, alias in three bytes, Int32, 1.
      const std::string name = fmt::format("{:08}", i);
      const std::uint8_t alias[] = {static_cast<std::uint8_t>(0x80U | (i & 0x7FU)),
                                    static_cast<std::uint8_t>(0x80U | ((i >> 7U) & 0x7FU)),
                                    static_cast<std::uint8_t>((i >> 14U) & 0x7FU)};
      metrics += "12120a08" + to_hex(as_bytes(name)) + "10" + to_hex(alias) + "20035001";
    }
    return "0864" + metrics + "1800";
  };
  Node node;
  node.send("spBv1.0/g/NBIRTH/n", birth_with(0, 16'384));
  const std::size_t held = node.state.held_bytes();
  CHECK(held > 16'384 * 8);
  node.send("spBv1.0/g/NBIRTH/n", birth_with(0, 16'384));
  CHECK(node.state.held_bytes() == held);
  node.send("spBv1.0/g/NBIRTH/n", birth_with(0, 17'000));
  CHECK(node.state.held_bytes() == held);
}
