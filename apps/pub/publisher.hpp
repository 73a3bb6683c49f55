// Publishes what a source gives and ends when everything has arrived.
#pragma once

#include <cstdint>

#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "pub/message_source.hpp"
#include "pub/options.hpp"

namespace mqtk::pub {

class Publisher final : ClientListener {
 public:
  Publisher(const Options& options, MessageSource& source);
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override;

  void send();
  void end_input();
  void end_if_done();
  void refuse(Fault fault);
  void fail(std::string_view line, cli::ExitStatus status);
  void time_is_up();

  const Options& options_;
  MessageSource& source_;
  Loop loop_;
  Client client_;
  DescriptorWatch input_;
  Timer next_repeat_;
  Timer time_limit_;
  Publish message_;
  std::uint64_t refused_ = 0;
  bool waiting_for_repeat_ = false;
  bool input_ended_ = false;
  bool away_ = false;  // it was said that the connection is lost
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::pub
