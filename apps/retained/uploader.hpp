// Publishes a set of retained messages, or removes them, and waits until the broker has acknowledged all.
#pragma once

#include <vector>

#include "cli/connection_report.hpp"
#include "cli/output.hpp"
#include "client/client.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "retained/retained_set.hpp"

namespace mqtk::retained {

class Uploader final : ClientListener {
 public:
  enum class Task : std::uint8_t { publish, remove };

  // Prints each topic on `output` when its turn has come. Both outlive the Uploader.
  Uploader(const Options& options, const RetainedSet& set, Task task, cli::Output& output);

  // What went wrong has been reported.
  [[nodiscard]] cli::ExitStatus run();

 private:
  void on_connected(const Connected&) override { report_.connected(); }
  void on_connection_lost(const ConnectionFailure& failure, Duration) override { report_.lost(failure); }
  void on_stopped(const ConnectionFailure* failure) override;
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override;

  void send();
  [[nodiscard]] bool send_one(const ApplicationMessage& message);
  void refused(std::string_view topic, std::string_view why);
  void time_is_up();

  const Options& options_;
  std::vector<const ApplicationMessage*> messages_;
  Task task_;
  cli::Output& output_;
  cli::ConnectionReport report_;
  Loop loop_;
  Client client_;
  Timer time_limit_;
  std::size_t sent_ = 0;
  PropertyWriter properties_;
  bool ending_ = false;
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::retained
