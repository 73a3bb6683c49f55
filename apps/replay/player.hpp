// Publishes what a MessageSource gives when it is due, and ends when everything is acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/exit_status.hpp"
#include "cli/terminal_keys.hpp"
#include "load/histogram.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "replay/message_source.hpp"
#include "replay/options.hpp"
#include "replay/publishers.hpp"
#include "replay/verifier.hpp"

namespace mqtk::replay {

class Player {
 public:
  Player(const Options& options, MessageSource& source);
  [[nodiscard]] cli::ExitStatus run();

 private:
  // What is left to send after a burst.
  struct NextBurst final : TurnEndListener {
    explicit NextBurst(Player& of) : player(of) {}
    void on_turn_end() override { player.send(); }
    Player& player;
  };

  [[nodiscard]] std::unique_ptr<Verifier> make_verifier();
  void publish_done(const PublishDone& done);
  void connection_stopped(const std::string& line, cli::ExitStatus status);
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
  NextBurst next_burst_;
  Publishers publishers_;
  std::unique_ptr<Verifier> verifier_;
  SignalWatch signals_;
  Timer due_;
  Timer progress_;
  Timer arrivals_;
  std::unique_ptr<cli::TerminalKeys> keys_;

  std::optional<TimePoint> start_;  // when the first message is, or was, due
  bool loaded_ = false;             // the source's message is not sent yet
  Publisher* publisher_ = nullptr;  // that it is for; with one connection always that
  const Publish* message_ = nullptr;
  bool verifier_ready_;
  std::optional<TimePoint> held_at_;
  bool step_asked_ = false;
  bool input_ended_ = false;
  bool stopping_ = false;
  bool progress_visible_ = false;

  Histogram lateness_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_with_acknowledgement_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t unfinished_ = 0;  // sent, and neither acknowledged nor refused
  std::uint64_t refused_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t problems_ = 0;
  TimePoint first_sent_at_{};
  TimePoint last_sent_at_{};
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::replay
