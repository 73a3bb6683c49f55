// Subscribes and prints what comes.
//
// What one read of the connection brought is written at once and acknowledged only then: a message that was not
// written is the broker's to send again. While the reader of standard output does not keep up nothing more is read.
// A regular file has no reader who waits for each message: for it QoS 0 messages are gathered for a moment first.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "client/client.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "sub/message_printer.hpp"
#include "sub/options.hpp"

namespace mqtk::sub {

class Subscriber final : ClientListener {
 public:
  explicit Subscriber(const Options& options);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_unsubscribed(Tag tag, const Unsuback& answer) override;
  void on_message(const Publish& message) override;
  void on_messages_end() override;

  void request();
  void answered();
  void write_out();
  [[nodiscard]] bool can_gather();
  void stop_now();
  [[nodiscard]] bool is_hidden(const Publish& message) const;
  void end(cli::ExitStatus status);
  void interrupted();
  void time_is_up();

  const Options& options_;
  MessagePrinter printer_;
  cli::Output output_;
  Loop loop_;
  Client client_;
  DescriptorWatch output_ready_;
  SignalWatch signals_;
  Timer time_limit_;
  Timer gathered_;
  std::vector<PacketIdentifier> to_acknowledge_;
  std::optional<WallTime> batch_time_;
  std::uint64_t printed_ = 0;
  unsigned answers_due_ = 0;
  bool ending_ = false;  // messages that still come are not ours any more
  bool away_ = false;    // it was said that the connection is lost
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::sub
