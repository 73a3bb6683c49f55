// Packets of MQTT 3.1.1 and blocking connections for the loads of benchmarks, without any code of what they measure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load.hpp"

namespace mqtk::benchmark {

using Buffer = std::vector<std::uint8_t>;

void put_text(Buffer& out, const std::string& text);
void put_packet(Buffer& out, std::uint8_t first, const Buffer& body);

// Without Keep Alive.
[[nodiscard]] Buffer connect_packet(const std::string& client_identifier,
                                    Load::Sessions sessions = Load::Sessions::clean);
[[nodiscard]] Buffer subscribe_packet(const std::vector<std::string>& filters, int qos);

// To 127.0.0.1; -1 if that fails.
[[nodiscard]] int open_connection(int port);

// Sends `request` and waits for so many bytes.
[[nodiscard]] bool exchange(int fd, const Buffer& request, std::size_t answer_size);

}  // namespace mqtk::benchmark
