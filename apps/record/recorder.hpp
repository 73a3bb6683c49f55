// Subscribes and gives what comes to a Destination.
//
// A QoS 1 or 2 message is acknowledged when the Destination has it, with --fsync when it is on the disk. While a pipe
// does not take more nothing more is read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "record/destination.hpp"
#include "record/live_line.hpp"
#include "record/options.hpp"

namespace mqtk::record {

class Recorder final : ClientListener {
 public:
  explicit Recorder(const Options& options);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void on_messages_end() override;

  void subscribe(const Connected& connected);
  void back_again(const Connected& connected);
  void add_subscription(std::uint32_t identifier, bool retain_as_published, RetainHandling handling);
  [[nodiscard]] bool came_at_subscribe(const Publish& message) const;
  [[nodiscard]] PropertyBlock without_identifiers(PropertyBlock properties);
  [[nodiscard]] mcap::Metadata about(const Connected& connected) const;
  [[nodiscard]] mcap::Metadata about_the_end() const;
  void write_out(Destination::Chunks chunks);
  void sync();
  void written(Destination::Written result);
  void show_progress();
  void end(cli::ExitStatus status);
  void end_after_idle();
  void interrupted();
  void finish();
  void tell(const std::string& line);

  const Options& options_;
  std::string open_error_;
  std::unique_ptr<Destination> destination_;
  Loop loop_;
  Client client_;
  std::unique_ptr<DescriptorWatch> output_ready_;
  SignalWatch signals_;
  Timer chunk_age_;
  Timer sync_;
  Timer time_limit_;
  Timer idle_limit_;
  Timer progress_;
  LiveLine live_line_;
  bool live_ = false;

  std::vector<PacketIdentifier> to_acknowledge_;
  PropertyWriter properties_;
  std::uint64_t messages_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t connections_lost_ = 0;
  TimePoint last_message_at_{};
  bool begun_ = false;
  Version version_ = Version::v5;
  bool marks_by_identifier_ = false;
  bool ending_ = false;
  bool away_ = false;
  WallTime lost_at_{};
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::record
