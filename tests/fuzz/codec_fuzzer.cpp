// One packet, well framed, anything inside: decoding and annotating agree, annotations tile, encoding loses nothing.
#include <algorithm>
#include <string>

#include "codec/codec.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/packet_input.hpp"
#include "support/tiling.hpp"

using namespace mqtk;

namespace {

using Octets = std::vector<std::uint8_t>;

// The bytes as they are if they frame themselves; else the first is taken for the packet's first byte and the rest
// for what its Remaining Length counts.
Octets framed(Bytes input) {
  const Frame frame = find_frame(input);
  if (frame.state == Frame::State::complete && frame.packet_size == input.size()) return {input.begin(), input.end()};
  if (frame.state == Frame::State::fault) return {input.begin(), input.end()};
  Octets packet{input[0]};
  std::size_t remaining = input.size() - 1;
  for (; remaining > 0x7F; remaining >>= 7U) packet.push_back(static_cast<std::uint8_t>(remaining | 0x80U));
  packet.push_back(static_cast<std::uint8_t>(remaining));
  packet.insert(packet.end(), input.begin() + 1, input.end());
  packet.shrink_to_fit();
  return packet;
}

std::size_t walk(std::string_view text) { return text.empty() ? 0 : static_cast<unsigned char>(text.back()); }

std::size_t walk(const PropertyBlock& block) {
  std::size_t sum = 0;
  for (const Property& property : block) sum += property.number + walk(property.text) + walk(property.name);
  return sum;
}

// Looks at everything a packet refers to, also after a fault: it must lie inside the packet.
std::size_t walk(const Packet& packet) {
  std::size_t sum = 0;
  std::visit(
      [&](const auto& p) {
        if constexpr (requires { p.properties; }) sum += walk(p.properties);
        if constexpr (requires { p.topic_name; }) sum += walk(p.topic_name) + walk(as_text(p.payload));
        if constexpr (requires { p.reason_codes; }) sum += walk(as_text(p.reason_codes));
        if constexpr (requires { p.subscriptions; }) {
          for (const Subscription& s : p.subscriptions) sum += walk(s.topic_filter) + static_cast<unsigned>(s.qos);
        }
        if constexpr (requires { p.topic_filters; }) {
          for (const std::string_view filter : p.topic_filters) sum += walk(filter);
        }
        if constexpr (requires { p.client_identifier; }) {
          sum +=
              walk(p.client_identifier) + walk(p.user_name.value_or("")) + walk(as_text(p.password.value_or(Bytes{})));
          if (p.will) sum += walk(p.will->properties) + walk(p.will->topic) + walk(as_text(p.will->payload));
        }
      },
      packet);
  return sum;
}

void look_at(const Packet& packet) {
  const volatile std::size_t seen = walk(packet);
  (void)seen;
}

void check_agreement(const Octets& packet, const Fault& fault, const Annotated& annotated) {
  Fault first;
  for (const Problem& problem : annotated.problems) {
    expect(problem.fault.offset + std::size_t{problem.length} <= packet.size(), "a problem lies in the packet");
    const bool advice = rule_info(problem.fault.rule).rule_class == RuleClass::advice;
    if (!advice && !first) first = problem.fault;
  }
  expect(first == fault, "decode reports the first problem that annotate finds");
  expect(annotated.decoded || fault, "a packet that annotate cannot read to its end has a fault");
  expect(tiling_fault(annotated.annotations, packet.size()).empty(), "annotations tile the packet");
  for (std::size_t i = 1; i < annotated.annotations.size(); ++i) {
    expect(annotated.annotations[i].depth <= annotated.annotations[i - 1].depth + 1, "parents stand before children");
  }
}

Octets encoded(const Packet& packet, CodecContext context) {
  Octets bytes;
  std::visit(
      [&]<class P>(const P& p) {
        if constexpr (!std::is_same_v<P, std::monostate>) {
          SendQueue out;
          const auto size = encode(p, context, out);
          expect(size.has_value(), "what was decoded can be encoded");
          expect(encoded_size(p, context) == size, "the size that was foretold");
          Bytes part;
          while (out.gather({&part, 1}) == 1) {
            bytes.insert(bytes.end(), part.begin(), part.end());
            out.consume(part.size());
          }
          expect(bytes.size() == *size, "the size that was returned");
        }
      },
      packet);
  bytes.shrink_to_fit();
  return bytes;
}

Bytes body(const Octets& packet) { return Bytes{packet}.subspan(find_frame(packet).header_size); }

// Only a short form, and what 3.1 leaves open in CONNECT and CONNACK, may differ from the bytes that came.
void check_encoding(const Octets& packet, const Packet& decoded, CodecContext context) {
  const Octets again = encoded(decoded, context);
  Packet twice;
  expect(!decode(again, context, twice), "what was encoded is decoded");
  expect(encoded(twice, context) == again, "encoding is stable");
  const PacketType type = packet_type(decoded);
  Version version = context.version;
  if (const auto* connect = std::get_if<Connect>(&decoded)) version = connect->version;
  if (version == Version::v3_1 && (type == PacketType::connect || type == PacketType::connack)) return;
  const Bytes came = body(packet);
  const Bytes goes = body(again);
  const bool has_short_form = version == Version::v5 && ((type >= PacketType::puback && type <= PacketType::pubcomp) ||
                                                         type == PacketType::disconnect || type == PacketType::auth);
  expect(goes.size() == came.size() || (has_short_form && goes.size() < came.size()), "nothing is added or lost");
  expect(std::ranges::equal(goes, came.first(goes.size())), "the same bytes");
  const Bytes left_out = came.subspan(goes.size());
  expect(left_out.size() <= 2 && std::ranges::all_of(left_out, [](std::uint8_t b) { return b == 0; }),
         "only Success and an empty property list are left out");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const CodecContext context = fuzzed_context(data[0]);
  const Octets packet = framed({data + 1, size - 1});
  Packet decoded;
  const Fault fault = decode(packet, context, decoded);
  const Annotated annotated = annotate(packet, context);
  check_agreement(packet, fault, annotated);
  look_at(annotated.packet);
  if (!fault) {
    look_at(decoded);
    expect(decoded.index() == annotated.packet.index(), "the same packet");
    check_encoding(packet, decoded, context);
  }
  return 0;
}
