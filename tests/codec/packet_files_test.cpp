// The codec against the hand-written packets of tests/data/packets. The files' headers name the statements.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/hex.hpp"
#include "codec/codec.hpp"
#include "support/packet_file.hpp"
#include "support/tiling.hpp"

using namespace mqtk;

namespace {

const std::filesystem::path folder = std::filesystem::path(MQTK_TEST_DATA) / "packets";

const std::vector<PacketFile>& valid_packets() {
  static const std::vector<PacketFile> files = load_packet_files(folder / "valid");
  return files;
}

const std::vector<PacketFile>& malformed_packets() {
  static const std::vector<PacketFile> files = load_packet_files(folder / "malformed");
  return files;
}

CodecContext context_of(const PacketFile& file) { return {file.version, file.sender}; }

std::string rule_text(const Fault& fault) {
  if (!fault) return "none";
  return std::string(rule_info(fault.rule).name) + " at " + std::to_string(fault.offset);
}

std::string rule_text(const PacketFile& file, std::uint32_t offset_if_not_given) {
  return rule_text(Fault{*file.rule, file.offset.value_or(offset_if_not_given)});
}

bool is_advice(Rule rule) { return rule_info(rule).rule_class == RuleClass::advice; }

// Empty with the fault's name in `fault` if the packet cannot be encoded.
std::vector<std::uint8_t> encoded(const Packet& packet, CodecContext context, std::string& fault) {
  SendQueue out;
  std::visit(
      [&]<class P>(const P& each) {
        if constexpr (!std::is_same_v<P, std::monostate>) {
          const auto size = encode(each, context, out);
          if (!size) fault = rule_text(size.error());
        }
      },
      packet);
  std::vector<std::uint8_t> bytes;
  Bytes part;
  while (out.gather({&part, 1}) == 1) {
    bytes.insert(bytes.end(), part.begin(), part.end());
    out.consume(part.size());
  }
  return bytes;
}

// "qos_reserved" of "qos_reserved.v5"
std::string rule_part(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

}  // namespace

TEST_CASE("every rule of the codec has a malformed packet and a valid neighbour") {
  std::set<std::string> malformed;
  std::set<std::string> neighbours;
  for (const PacketFile& file : malformed_packets()) malformed.insert(rule_part(file.name));
  for (const PacketFile& file : valid_packets()) {
    if (file.name.starts_with("near_")) neighbours.insert(rule_part(file.name.substr(5)));
  }
  for (const RuleInfo& info : all_rules()) {
    if (!info.codec) continue;
    CAPTURE(info.name);
    CHECK(malformed.contains(std::string(info.name)));
    CHECK(neighbours.contains(std::string(info.name)));
  }
}

TEST_CASE("a malformed packet is named after its rule and quotes the rule's statement") {
  for (const PacketFile& file : malformed_packets()) {
    CAPTURE(file.name);
    REQUIRE(file.rule);
    CHECK(rule_part(file.name) == rule_info(*file.rule).name);
    CHECK(file.statement == statement(*file.rule, file.version));
  }
}

TEST_CASE("decoding a malformed packet reports its rule at the offending byte") {
  for (const PacketFile& file : malformed_packets()) {
    CAPTURE(file.name);
    Packet packet;
    const Fault fault = decode(file.bytes, context_of(file), packet);
    if (is_advice(*file.rule)) {
      CHECK(rule_text(fault) == "none");
    } else {
      CHECK(rule_text(fault) == rule_text(file, fault.offset));
    }
  }
}

TEST_CASE("annotating a malformed packet reports its rule and no other") {
  for (const PacketFile& file : malformed_packets()) {
    CAPTURE(file.name);
    std::string found;
    std::uint32_t offset = 0;
    for (const Problem& problem : annotate(file.bytes, context_of(file)).problems) {
      found += (found.empty() ? "" : ", ") + rule_text(problem.fault);
      offset = problem.fault.offset;
    }
    CHECK(found == rule_text(file, offset));
  }
}

TEST_CASE("the annotations of a malformed packet stay inside it and do not overlap") {
  for (const PacketFile& file : malformed_packets()) {
    CAPTURE(file.name);
    CHECK(tiling_fault(annotate(file.bytes, context_of(file)).annotations, file.bytes.size()) == "");
  }
}

TEST_CASE("a valid packet is decoded") {
  for (const PacketFile& file : valid_packets()) {
    CAPTURE(file.name);
    Packet packet;
    CHECK(rule_text(decode(file.bytes, context_of(file), packet)) == "none");
    CHECK(static_cast<unsigned>(packet_type(packet)) == file.bytes[0] >> 4U);
  }
}

TEST_CASE("annotating a valid packet finds no problem and covers each byte once") {
  for (const PacketFile& file : valid_packets()) {
    CAPTURE(file.name);
    const Annotated annotated = annotate(file.bytes, context_of(file));
    CHECK(annotated.decoded);
    for (const Problem& problem : annotated.problems) CHECK(rule_text(problem.fault) == "none");
    CHECK(tiling_fault(annotated.annotations, file.bytes.size()) == "");
  }
}

TEST_CASE("a decoded packet is encoded to the bytes that it came from") {
  for (const PacketFile& file : valid_packets()) {
    if (!file.reencodes) continue;
    CAPTURE(file.name);
    Packet packet;
    REQUIRE_FALSE(decode(file.bytes, context_of(file), packet));
    std::string fault;
    const std::vector<std::uint8_t> bytes = encoded(packet, context_of(file), fault);
    CHECK(fault == "");
    if (bytes.size() > 1000) {
      CHECK(bytes == file.bytes);
    } else {
      CHECK(to_hex(bytes, " ") == to_hex(file.bytes, " "));
    }
  }
}

TEST_CASE("a legal form that an encoder does not write decodes to what the encoder's form decodes to") {
  for (const PacketFile& file : valid_packets()) {
    if (file.reencodes) continue;
    CAPTURE(file.name);
    Packet packet;
    REQUIRE_FALSE(decode(file.bytes, context_of(file), packet));
    std::string fault;
    const std::vector<std::uint8_t> bytes = encoded(packet, context_of(file), fault);
    CHECK(fault == "");
    CHECK(bytes != file.bytes);
    Packet again;
    CHECK(rule_text(decode(bytes, context_of(file), again)) == "none");
    CHECK(encoded(again, context_of(file), fault) == bytes);
  }
}

TEST_CASE("before 5.0 the bits beside the QoS of a subscription have no meaning") {
  for (const PacketFile& file : valid_packets()) {
    if (file.name != "near_subscription_options_reserved.v311") continue;
    Packet packet;
    REQUIRE_FALSE(decode(file.bytes, context_of(file), packet));
    CHECK_FALSE(std::get<Subscribe>(packet).subscriptions.begin()->no_local);
  }
}

TEST_CASE("a packet cut anywhere is a fault, not a crash") {
  for (const PacketFile& file : valid_packets()) {
    if (file.bytes.size() > 200) continue;
    CAPTURE(file.name);
    for (std::size_t size = 0; size < file.bytes.size(); ++size) {
      CAPTURE(size);
      const std::vector<std::uint8_t> cut(file.bytes.begin(), file.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(find_frame(cut).state != Frame::State::complete);
    }
    CHECK(find_frame(file.bytes).packet_size == file.bytes.size());
  }
}
