// Bytes of MQTT streams as a pcapng file that Wireshark and tshark read as MQTT without being told anything.
//
// Each stream becomes a TCP connection over raw IPv4 (link type 101) to port 1883: handshake, sequence numbers,
// acknowledged data and the close are made up, the bytes inside and their times are real. An IP packet holds at most
// 64 KiB, so a large Control Packet becomes several segments of the same time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/types.hpp"

namespace mqtk {

class PcapngWriter {
 public:
  struct Ends {
    std::array<std::uint8_t, 4> client_address{10, 0, 0, 1};
    std::uint16_t client_port = 0;  // 0: one of its own for each stream
    std::array<std::uint8_t, 4> server_address{10, 0, 0, 2};
    std::uint16_t server_port = 1883;
  };

  // `application` goes into the file's header: "mqtk 0.1.0".
  explicit PcapngWriter(std::string_view application);

  // What is due to be written to the file; the caller takes it and clears it. Whole blocks after every call, so a file
  // that is cut there is still whole.
  [[nodiscard]] std::vector<std::uint8_t>& output() { return out_; }

  // Says where the ends of a stream are; before its first bytes. Streams are numbered by the caller.
  void open(std::uint64_t stream, const Ends& ends, WallTime time);
  // Bytes that `sender` sent, not Role::unknown. A stream that was not opened is opened with default ends.
  void append(std::uint64_t stream, Role sender, Bytes bytes, WallTime time);
  // The end of the TCP connection, begun by `sender`; its number may be used again.
  void close(std::uint64_t stream, Role sender, WallTime time);
  // The same by RST: not in good order.
  void reset(std::uint64_t stream, Role sender, WallTime time);
  // Its end is not known, and its number does not come again.
  void forget(std::uint64_t stream) { connections_.erase(stream); }

 private:
  struct Side {
    std::array<std::uint8_t, 4> address{};
    std::uint16_t port = 0;
    std::uint32_t next = 0;  // sequence number of its next byte
  };
  struct Connection {
    Side client;
    Side server;
  };

  Connection& connection(std::uint64_t stream, WallTime time);
  void segment(Side& from, const Side& to, std::uint8_t flags, Bytes data, WallTime time);

  std::vector<std::uint8_t> out_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::uint16_t next_port_ = 49'152;
  std::uint16_t next_identification_ = 1;
};

}  // namespace mqtk
