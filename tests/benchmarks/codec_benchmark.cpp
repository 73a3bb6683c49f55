// Encode and decode of each packet type: nanoseconds a packet and MB/s, beside memcpy of the same bytes.
//
// Each figure is the median of 15 rounds of about 10 ms.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include "base/hex.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

double seconds(const std::function<void(int)>& work, int count) {
  const auto start = std::chrono::steady_clock::now();
  work(count);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double nanoseconds_each(const std::function<void(int)>& work) {
  int count = 1000;
  while (seconds(work, count) < 0.01) count *= 2;
  std::vector<double> rounds;
  for (int i = 0; i < 15; ++i) rounds.push_back(seconds(work, count) / count * 1e9);
  std::nth_element(rounds.begin(), rounds.begin() + 7, rounds.end());
  return rounds[7];
}

template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

void measure(std::string_view name, std::string_view hex, std::size_t payload, Version version) {
  auto bytes = *from_hex(hex);
  if (payload > 0) {
    // The fixed header is made anew for the longer packet.
    std::vector<std::uint8_t> body(bytes.begin() + 2, bytes.end());
    body.resize(body.size() + payload, 'x');
    bytes.resize(1);
    for (std::size_t rest = body.size();; rest >>= 7U) {
      bytes.push_back(static_cast<std::uint8_t>(rest > 0x7F ? rest | 0x80U : rest));
      if (rest <= 0x7F) break;
    }
    bytes.insert(bytes.end(), body.begin(), body.end());
  }
  const CodecContext context{version, Role::unknown};
  Packet packet;
  if (const Fault fault = decode(bytes, context, packet)) {
    fmt::print("{}: {}\n", name, rule_info(fault.rule).text);
    return;
  }
  std::vector<std::uint8_t> copy(bytes.size());
  const double decoding = nanoseconds_each([&](int count) {
    for (int i = 0; i < count; ++i) {
      keep(bytes);
      Packet decoded;
      keep(decode(bytes, context, decoded));
      keep(decoded);
    }
  });
  SendQueue queue;
  const double encoding = nanoseconds_each([&](int count) {
    std::visit(
        [&](const auto& p) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(p)>, std::monostate>) {
            for (int i = 0; i < count; ++i) {
              keep(encode(p, context, queue));
              if (queue.size() > 12'000) queue.clear();
            }
          }
        },
        packet);
  });
  const double copying = nanoseconds_each([&](int count) {
    for (int i = 0; i < count; ++i) {
      std::memcpy(copy.data(), bytes.data(), bytes.size());
      keep(copy);
    }
  });
  const auto megabytes = [&](double ns) { return static_cast<double>(bytes.size()) / ns * 1e3; };
  fmt::print("{:<28}{:>6} {:>8.1f} {:>8.0f} {:>8.1f} {:>8.0f} {:>8.1f}\n", name, bytes.size(), decoding,
             megabytes(decoding), encoding, megabytes(encoding), copying);
}

}  // namespace

int main() {
  fmt::print("{:<28}{:>6} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "packet", "bytes", "decode", "MB/s", "encode", "MB/s",
             "memcpy");
  fmt::print("{:<28}{:>6} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "", "", "ns", "", "ns", "", "ns");
  const Version v5 = Version::v5;
  measure("CONNECT 5.0 will, login",
          "10 32 0004 4D515454 05 EE 003C 05 11 0000000A 0003 616263"
          "05 18 00000005 0003 772F74 0004 676F6E65 0002 6D65 0006 736563726574",
          0, v5);
  measure("CONNACK 5.0", "20 06 00 00 03 21 0014", 0, v5);
  measure("PUBLISH 3.1.1 QoS 0, 64 B", "30 0D 000B 6C6F61642F746F7069632F", 64, Version::v3_1_1);
  measure("PUBLISH 5.0 QoS 0, 64 B", "30 0E 000B 6C6F61642F746F7069632F 00", 64, v5);
  measure("PUBLISH 5.0 QoS 1, 64 B", "32 10 000B 6C6F61642F746F7069632F 0001 00", 64, v5);
  measure("PUBLISH 5.0 QoS 1, 1 KiB", "32 10 000B 6C6F61642F746F7069632F 0001 00", 1024, v5);
  measure("PUBLISH 5.0 4 properties",
          "32 29 000B 6C6F61642F746F7069632F 0001 16 02 0000003C 03 0004 74657874"
          "26 0001 61 0001 62 23 0001 01 01",
          64, v5);
  measure("PUBACK 3.1.1", "40 02 0001", 0, Version::v3_1_1);
  measure("PUBREC 5.0", "50 02 0001", 0, v5);
  measure("PUBREL 5.0", "62 02 0001", 0, v5);
  measure("PUBCOMP 5.0", "70 02 0001", 0, v5);
  measure("SUBSCRIBE 5.0", "82 0D 0001 00 0007 612F2B2F632F23 02", 0, v5);
  measure("SUBACK 5.0", "90 04 0001 00 02", 0, v5);
  measure("UNSUBSCRIBE 5.0", "A2 0C 0001 00 0007 612F2B2F632F23", 0, v5);
  measure("UNSUBACK 5.0", "B0 04 0001 00 00", 0, v5);
  measure("PINGREQ", "C0 00", 0, v5);
  measure("PINGRESP", "D0 00", 0, v5);
  measure("DISCONNECT 5.0", "E0 00", 0, v5);
  measure("AUTH 5.0", "F0 0E 18 0C 15 0009 534352414D2D534841", 0, v5);
  return 0;
}
