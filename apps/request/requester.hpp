// Publishes the requests that a source gives, prints the answers and keeps their time.
#pragma once

#include <cstdint>
#include <string>

#include "cli/connection_report.hpp"
#include "cli/exit_status.hpp"
#include "cli/message_format.hpp"
#include "cli/message_input.hpp"
#include "cli/output.hpp"
#include "client/client.hpp"
#include "load/histogram.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "request/open_requests.hpp"
#include "request/options.hpp"

namespace mqtk::request {

class Requester final : ClientListener {
 public:
  Requester(const Options& options, cli::MessageSource& source);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override;
  void on_message(const Publish& message) override;
  void on_messages_end() override;

  void listen_for_answers(const Connected& connected);
  void send();
  [[nodiscard]] bool input_has_message();
  [[nodiscard]] bool prepare();
  [[nodiscard]] bool prepare_match(Publish& message);
  [[nodiscard]] bool send_one();
  void time_is_up();
  void finish(std::uint64_t number);
  void end_if_done();
  void fail(std::string_view line, cli::ExitStatus status);
  // A request that fails for itself: the others go on.
  void fail_one(std::uint64_t number, std::string_view line, cli::ExitStatus status);
  [[nodiscard]] std::string name_of(std::uint64_t number) const;
  void print_latency() const;

  const Options& options_;
  cli::MessageSource& source_;
  ConnectOptions connect_;
  cli::ConnectionReport report_;
  cli::MessagePrinter printer_;
  cli::Output output_;
  Loop loop_;
  Client client_;
  DescriptorWatch input_;
  Timer time_limit_;
  OpenRequests open_;
  Histogram latency_;

  std::string token_;  // of this run: part of the Response Topic and of the Correlation Data
  std::string response_topic_;
  bool speaks_v5_ = true;
  bool listening_ = false;
  bool asked_to_listen_ = false;
  Publish message_;
  bool prepared_ = false;
  std::string key_;      // of the next request
  std::string payload_;  // likewise, where a member was added to it
  PropertyWriter properties_;
  bool input_ended_ = false;
  bool ending_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t passed_over_ = 0;  // messages at the Response Topic that answer no open request
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::request
