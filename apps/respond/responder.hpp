// Answers requests, and acknowledges each only when its answer is on its way.
//
// Requests wait in memory while all jobs are busy; when some do, nothing more is read from the broker.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "cli/command_pool.hpp"
#include "cli/connection_report.hpp"
#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "respond/options.hpp"
#include "session/application_message.hpp"

namespace mqtk::respond {

class Responder final : ClientListener {
 public:
  explicit Responder(const Options& options);
  [[nodiscard]] cli::ExitStatus run();

 private:
  struct Request {
    ApplicationMessage message;
    QoS qos = QoS::at_most_once;  // at which it came
    PacketIdentifier packet_identifier = 0;
    std::uint64_t connection = 0;  // over which it came
    std::string answer = {};
  };

  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void on_ready_to_send() override { work(); }
  void on_publish_done(const PublishDone& done) override;

  void work();
  void begin(Request request);
  void command_ended(const cli::CommandPool::Ended& ended);
  void send_answers();
  [[nodiscard]] bool send_answer(const Request& request);
  [[nodiscard]] std::string answer_topic(const Request& request) const;
  void done_with(const Request& request);
  void failed(std::string_view line);
  void end(cli::ExitStatus status);
  void end_if_done();
  void signal_came(int number);
  void time_is_up();

  const Options& options_;
  cli::ConnectionReport report_;
  Loop loop_;
  Client client_;
  cli::CommandPool commands_;
  SignalWatch signals_;
  Timer time_limit_;
  std::deque<Request> waiting_;               // for a job
  std::map<std::uint64_t, Request> running_;  // by the number of the job
  std::deque<Request> answered_;              // with the answer, for the broker
  std::uint64_t jobs_begun_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t received_ = 0;
  bool ending_ = false;  // requests that still come are not ours any more
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::respond
