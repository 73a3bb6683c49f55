#include "raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mqtk::benchmark {

void put_text(Buffer& out, const std::string& text) {
  out.push_back(static_cast<std::uint8_t>(text.size() >> 8U));
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void put_packet(Buffer& out, std::uint8_t first, const Buffer& body) {
  out.push_back(first);
  std::size_t rest = body.size();
  for (; rest > 0x7F; rest >>= 7U) out.push_back(static_cast<std::uint8_t>(rest | 0x80U));
  out.push_back(static_cast<std::uint8_t>(rest));
  out.insert(out.end(), body.begin(), body.end());
}

Buffer connect_packet(const std::string& client_identifier, Load::Sessions sessions) {
  const std::uint8_t flags = sessions == Load::Sessions::clean ? 2 : 0;
  Buffer body{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0};
  put_text(body, client_identifier);
  Buffer packet;
  put_packet(packet, 0x10, body);
  return packet;
}

int open_connection(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool exchange(int fd, const Buffer& request, std::size_t answer_size) {
  if (write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) return false;
  Buffer answer(answer_size);
  return recv(fd, answer.data(), answer.size(), MSG_WAITALL) == static_cast<ssize_t>(answer_size);
}

Buffer subscribe_packet(const std::vector<std::string>& filters, int qos) {
  Buffer body{0, 1};
  for (const std::string& filter : filters) {
    put_text(body, filter);
    body.push_back(static_cast<std::uint8_t>(qos));
  }
  Buffer packet;
  put_packet(packet, 0x82, body);
  return packet;
}

}  // namespace mqtk::benchmark
