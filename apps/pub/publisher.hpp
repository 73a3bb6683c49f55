// Publishes what a source gives and ends when everything has arrived.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/connection_report.hpp"
#include "cli/exit_status.hpp"
#include "cli/message_input.hpp"
#include "client/client.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "pub/confirmation.hpp"
#include "pub/options.hpp"

namespace mqtk::pub {

class Publisher final : ClientListener {
 public:
  Publisher(const Options& options, cli::MessageSource& source);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;

  void send();
  [[nodiscard]] bool input_has_message();
  [[nodiscard]] bool prepare();
  [[nodiscard]] bool fill_in_topic();
  [[nodiscard]] bool fill_in_payload();
  [[nodiscard]] bool is_listened_to();
  [[nodiscard]] bool publish_one();
  [[nodiscard]] bool read_long_payload();
  [[nodiscard]] bool may_go_on_now();
  void end_input();
  void end_if_done();
  void refuse(Fault fault);
  void fail(std::string_view line, cli::ExitStatus status);
  void time_is_up();
  void not_come_back();
  void signal_came(int number);
  void print_statistics() const;

  const Options& options_;
  cli::MessageSource& source_;
  std::optional<cli::TextPattern> topic_pattern_;
  std::optional<cli::TextPattern> payload_pattern_;
  ConnectOptions connect_;
  cli::ConnectionReport report_;
  Loop loop_;
  Client client_;
  DescriptorWatch input_;
  Timer next_message_;
  Timer time_limit_;
  Timer come_back_limit_;
  std::optional<SignalWatch> signals_;  // only where there are counts to print; otherwise a signal just ends it
  Confirmation confirmation_;

  bool speaks_v5_ = true;
  Publish message_;
  bool prepared_ = false;            // message_ is the source's next one
  ApplicationMessage long_message_;  // the same with a payload that lies only here
  std::string topic_;                // filled in, as the payload below
  cli::PayloadBytes payload_;
  bool waiting_for_pace_ = false;
  std::optional<TimePoint> due_;  // of the next message, with Options::interval
  bool input_ended_ = false;
  TimePoint began_{};
  std::uint64_t sent_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::pub
