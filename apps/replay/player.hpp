// Publishes what a MessageSource gives when it is due, and ends when everything is acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "load/histogram.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "replay/message_source.hpp"
#include "replay/options.hpp"
#include "replay/terminal_keys.hpp"
#include "replay/verifier.hpp"

namespace mqtk::replay {

class Player final : ClientListener {
 public:
  Player(const Options& options, MessageSource& source);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override;

  void send();
  [[nodiscard]] bool load_next();
  [[nodiscard]] bool is_due();
  [[nodiscard]] bool send_one();
  void begin();
  void end_input();
  void end_if_done();
  void check_arrivals();
  void stop();
  void fail(const std::string& line, cli::ExitStatus status);
  void pressed(char key);
  void interrupted();
  void show_progress();
  void clear_progress();
  void tell(const std::string& line);
  void report();
  void report_verification();

  const Options& options_;
  MessageSource& source_;
  Loop loop_;
  Client client_;
  std::unique_ptr<Verifier> verifier_;
  SignalWatch signals_;
  Timer due_;
  Timer progress_;
  Timer arrivals_;
  std::unique_ptr<TerminalKeys> keys_;

  std::optional<TimePoint> start_;  // when the first message is, or was, due
  bool loaded_ = false;             // the source's message is not sent yet
  const Publish* message_ = nullptr;
  bool verifier_ready_ = true;
  std::optional<TimePoint> held_at_;
  bool step_asked_ = false;
  bool input_ended_ = false;
  bool stopping_ = false;
  bool away_ = false;
  bool progress_visible_ = false;
  Version version_ = Version::v5;

  Histogram lateness_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_with_acknowledgement_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t problems_ = 0;
  TimePoint first_sent_at_{};
  TimePoint last_sent_at_{};
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::replay
