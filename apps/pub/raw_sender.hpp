// --raw: bytes as they are, over whatever carries them to the broker, and what comes back.
//
// Nothing is checked and nothing is added, no CONNECT either: this is how a broker is shown packets that no client
// would send.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/send_queue.hpp"
#include "capture/packet_decoder.hpp"
#include "capture/packet_stream.hpp"
#include "cli/output.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "pub/options.hpp"

namespace mqtk::pub {

class RawSender final : private NetworkConnectionListener {
 public:
  // How long the broker may be silent after the last byte has been sent.
  static constexpr Duration patience = std::chrono::seconds{1};

  RawSender(const Options& options, std::vector<std::uint8_t> bytes);

  [[nodiscard]] cli::ExitStatus run();

 private:
  void connected(std::expected<std::unique_ptr<NetworkConnection>, NetError> result);
  void on_readable() override;
  void on_writable() override { flush(); }
  void flush();
  void show_packets();
  void end(cli::ExitStatus status);

  const Options& options_;
  std::size_t size_bytes_;
  Loop loop_;
  Connector connector_;
  std::unique_ptr<NetworkConnection> connection_;
  SendQueue queue_;
  Timer silence_;
  Timer time_limit_;
  PacketStream stream_;
  PacketDecoder decoder_{Notes::when_needed};
  cli::Output output_;
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

// Reads the file, "-" for standard input, and sends it.
[[nodiscard]] cli::ExitStatus send_raw(const Options& options);

}  // namespace mqtk::pub
