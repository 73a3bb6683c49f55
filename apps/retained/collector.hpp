// Fetches what a broker keeps: subscribes, and takes retained messages until no more come for a while.
//
// No broker says which retained message is the last one, so a time without any is the end mark; topics without
// wildcards end it as soon as each has come.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "cli/connection_report.hpp"
#include "client/client.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"
#include "retained/options.hpp"
#include "retained/retained_set.hpp"

namespace mqtk::retained {

class Collector final : ClientListener {
 public:
  // Told of every message, also of those that are published meanwhile.
  using Heard = std::function<void(const Publish&)>;
  // as_published, for 5.0: RETAIN is as the publisher set it, not whether the broker has sent a kept message.
  enum class RetainFlag : std::uint8_t { of_delivery, as_published };

  Collector(const Options& options, std::vector<std::string> filters, Heard heard = nullptr,
            RetainFlag flag = RetainFlag::of_delivery);

  // What went wrong has been reported.
  [[nodiscard]] std::expected<RetainedSet, cli::ExitStatus> run();

 private:
  void on_connected(const Connected&) override { report_.connected(); }
  void on_connection_lost(const ConnectionFailure& failure, Duration) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag, const Suback& answer) override;
  void on_message(const Publish& message) override;

  void subscribe();
  [[nodiscard]] bool is_complete() const;
  void end(cli::ExitStatus status);
  void interrupted(int number);
  void time_is_up();

  const Options& options_;
  std::vector<std::string> filters_;
  Heard heard_;
  RetainFlag flag_;
  ConnectOptions connect_;
  cli::ConnectionReport report_;
  Loop loop_;
  Client client_;
  SignalWatch signals_;
  Timer quiet_;
  Timer time_limit_;
  RetainedSet set_;
  bool only_topics_;  // no filter has a wildcard
  bool ending_ = false;
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

// The retained messages that `filters` and the options select.
[[nodiscard]] std::expected<RetainedSet, cli::ExitStatus> collect(const Options& options,
                                                                  const std::vector<std::string>& filters);

}  // namespace mqtk::retained
