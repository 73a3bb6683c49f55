#include "capture/pcapng_writer.hpp"

#include <algorithm>

namespace mqtk {
namespace {

constexpr std::uint32_t section_header_block = 0x0A0D0D0A;
constexpr std::uint32_t interface_description_block = 1;
constexpr std::uint32_t enhanced_packet_block = 6;
constexpr std::uint16_t link_type_raw_ip = 101;
constexpr std::uint16_t first_dynamic_port = 49'152;

constexpr std::uint8_t fin = 0x01;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t rst = 0x04;
constexpr std::uint8_t push = 0x08;
constexpr std::uint8_t ack = 0x10;

constexpr std::size_t ip_header_bytes = 20;
constexpr std::size_t tcp_header_bytes = 20;
constexpr std::size_t longest_segment = 32'768;

// pcapng in little endian: the byte-order magic in the section header says so.
void append16(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
}

void append32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  append16(out, value & 0xFFFFU);
  append16(out, value >> 16U);
}

// IP and TCP are in big endian.
void put16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8U);
  at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16U);
  put16(at + 2, value & 0xFFFFU);
}

void pad(std::vector<std::uint8_t>& out) {
  while (out.size() % 4 != 0) out.push_back(0);
}

void append_option(std::vector<std::uint8_t>& out, std::uint32_t code, Bytes value) {
  append16(out, code);
  append16(out, static_cast<std::uint32_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
  pad(out);
}

// Writes a block around what `body` appends; its length stands at both ends.
template <class Body>
void append_block(std::vector<std::uint8_t>& out, std::uint32_t type, Body body) {
  // Options and packets are padded to 4 bytes from here.
  pad(out);
  const std::size_t start = out.size();
  append32(out, type);
  append32(out, 0);
  body();
  const auto length = static_cast<std::uint32_t>(out.size() - start + 4);
  append32(out, length);
  for (std::size_t i = 0; i < 4; ++i) out[start + 4 + i] = static_cast<std::uint8_t>(length >> (8 * i));
}

std::uint32_t sum_of_words(Bytes bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8U) | bytes[i + 1];
  if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back() << 8U);
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

PcapngWriter::PcapngWriter(std::string_view application) {
  append_block(out_, section_header_block, [&] {
    append32(out_, 0x1A2B3C4D);
    append16(out_, 1);
    append16(out_, 0);
    append32(out_, 0xFFFFFFFF);  // the section's length is not given
    append32(out_, 0xFFFFFFFF);
    append_option(out_, 4, as_bytes(application.substr(0, 255)));
    append_option(out_, 0, {});
  });
  append_block(out_, interface_description_block, [&] {
    append16(out_, link_type_raw_ip);
    append16(out_, 0);
    append32(out_, 0);  // packets are never cut
    constexpr std::uint8_t nanoseconds[] = {9};
    append_option(out_, 9, nanoseconds);
    append_option(out_, 0, {});
  });
}

void PcapngWriter::open(std::uint64_t stream, const Ends& ends, WallTime time) {
  Connection opened{.client = {.address = ends.client_address, .port = ends.client_port},
                    .server = {.address = ends.server_address, .port = ends.server_port}};
  if (opened.client.port == 0) {
    opened.client.port = next_port_;
    next_port_ = next_port_ == 65'535 ? first_dynamic_port : static_cast<std::uint16_t>(next_port_ + 1);
  }
  Connection& added = connections_.insert_or_assign(stream, opened).first->second;
  segment(added.client, added.server, syn, {}, time);
  ++added.client.next;
  segment(added.server, added.client, syn | ack, {}, time);
  ++added.server.next;
  segment(added.client, added.server, ack, {}, time);
}

PcapngWriter::Connection& PcapngWriter::connection(std::uint64_t stream, WallTime time) {
  auto found = connections_.find(stream);
  if (found == connections_.end()) {
    open(stream, {}, time);
    found = connections_.find(stream);
  }
  return found->second;
}

void PcapngWriter::append(std::uint64_t stream, Role sender, Bytes bytes, WallTime time) {
  Connection& ends = connection(stream, time);
  Side& from = sender == Role::client ? ends.client : ends.server;
  Side& to = sender == Role::client ? ends.server : ends.client;
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(bytes.size(), longest_segment));
    segment(from, to, push | ack, part, time);
    from.next += static_cast<std::uint32_t>(part.size());
    bytes = bytes.subspan(part.size());
  }
}

void PcapngWriter::close(std::uint64_t stream, Role sender, WallTime time) {
  Connection& ends = connection(stream, time);
  Side& from = sender == Role::client ? ends.client : ends.server;
  Side& to = sender == Role::client ? ends.server : ends.client;
  segment(from, to, fin | ack, {}, time);
  ++from.next;
  segment(to, from, fin | ack, {}, time);
  ++to.next;
  segment(from, to, ack, {}, time);
  connections_.erase(stream);
}

void PcapngWriter::reset(std::uint64_t stream, Role sender, WallTime time) {
  Connection& ends = connection(stream, time);
  Side& from = sender == Role::client ? ends.client : ends.server;
  Side& to = sender == Role::client ? ends.server : ends.client;
  segment(from, to, rst | ack, {}, time);
  connections_.erase(stream);
}

void PcapngWriter::segment(Side& from, const Side& to, std::uint8_t flags, Bytes data, WallTime time) {
  std::array<std::uint8_t, ip_header_bytes + tcp_header_bytes> header{};
  const std::size_t size = header.size() + data.size();
  std::uint8_t* ip = header.data();
  ip[0] = 0x45;  // version 4, five words
  put16(ip + 2, static_cast<std::uint32_t>(size));
  put16(ip + 4, next_identification_++);
  ip[8] = 64;  // time to live
  ip[9] = 6;   // TCP
  std::ranges::copy(from.address, ip + 12);
  std::ranges::copy(to.address, ip + 16);
  put16(ip + 10, folded(sum_of_words({ip, ip_header_bytes}, 0)));

  std::uint8_t* tcp = ip + ip_header_bytes;
  put16(tcp, from.port);
  put16(tcp + 2, to.port);
  put32(tcp + 4, from.next);
  if ((flags & ack) != 0) put32(tcp + 8, to.next);
  tcp[12] = 0x50;  // five words
  tcp[13] = flags;
  put16(tcp + 14, 65'535);  // window
  // The checksum covers the addresses, the protocol and the length as well.
  std::uint32_t sum = 6 + static_cast<std::uint32_t>(tcp_header_bytes + data.size());
  sum = sum_of_words({ip + 12, 8}, sum);
  sum = sum_of_words({tcp, tcp_header_bytes}, sum);
  put16(tcp + 16, folded(sum_of_words(data, sum)));

  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
  append_block(out_, enhanced_packet_block, [&] {
    append32(out_, 0);  // the interface
    append32(out_, static_cast<std::uint32_t>(nanoseconds >> 32U));
    append32(out_, static_cast<std::uint32_t>(nanoseconds));
    append32(out_, static_cast<std::uint32_t>(size));
    append32(out_, static_cast<std::uint32_t>(size));
    out_.insert(out_.end(), header.begin(), header.end());
    out_.insert(out_.end(), data.begin(), data.end());
    pad(out_);
  });
}

}  // namespace mqtk
