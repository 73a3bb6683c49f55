// Subscribes and prints what comes.
//
// What one read of the connection brought is written at once and acknowledged only then: a message that was not
// written is the broker's to send again. While the reader of standard output does not keep up nothing more is read.
// With --exec a message is acknowledged when its command has ended.
// A regular file has no reader who waits for each message: for it QoS 0 messages are gathered for a moment first.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cli/connection_report.hpp"
#include "cli/exit_status.hpp"
#include "cli/message_format.hpp"
#include "cli/output.hpp"
#include "client/client.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "sub/command_runner.hpp"
#include "sub/file_output.hpp"
#include "sub/options.hpp"
#include "sub/watch.hpp"

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
  void on_ready_to_send() override { clear_retained(); }
  void on_publish_done(const PublishDone& done) override;

  void request();
  void answered();
  void write_out();
  [[nodiscard]] bool can_gather();
  void stop_now();
  [[nodiscard]] bool is_hidden(const Publish& message);
  void print(const Publish& message);
  void run_command(const Publish& message);
  void command_done(const CommandRunner::Message& message);
  void clear_retained();
  [[nodiscard]] bool write_files();
  void end(cli::ExitStatus status);
  void report(std::string_view line);
  void stop_if_done();
  void signal_came(int number);
  void time_is_up();
  void idle_too_long();
  [[nodiscard]] cli::ExitStatus too_few(std::string_view limit_text) const;
  void await_more();

  const Options& options_;
  cli::ConnectionReport report_;
  cli::MessagePrinter printer_;
  cli::Output output_;
  std::optional<FileOutput> files_;
  std::unique_ptr<CommandRunner> commands_;
  Loop loop_;
  Client client_;
  DescriptorWatch output_ready_;
  SignalWatch signals_;
  Timer time_limit_;
  Timer gathered_;
  Timer idle_limit_;
  std::optional<Duration> longest_idle_;
  std::vector<PacketIdentifier> to_acknowledge_;
  std::optional<WallTime> batch_time_;
  std::uint64_t printed_ = 0;
  unsigned answers_due_ = 0;
  bool ending_ = false;  // messages that still come are not ours any more
  std::uint64_t connections_ = 0;
  std::deque<std::string> to_clear_;  // topics of retained messages
  std::uint64_t cleared_ = 0;
  std::minstd_rand random_;
  cli::ExitStatus status_ = cli::ExitStatus::done;
  std::unique_ptr<Watch> watch_;
};

}  // namespace mqtk::sub
