// Walks to a broker and tells each step.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/options.hpp"
#include "check/step_printer.hpp"
#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

namespace mqtk::check {

class Checker final : ClientListener, ConnectObserver {
 public:
  explicit Checker(const Options& options);
  [[nodiscard]] cli::ExitStatus run();

 private:
  // The network's steps
  void on_looked_up(const std::vector<std::string>& addresses) override;
  void on_connected(const std::string& peer_address) override;
  void on_proxy_passed() override;
  void on_tls(const TlsFacts& facts) override;
  void on_websocket() override;

  // MQTT's
  void on_connected(const Connected& connected) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_message(const Publish& message) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_publish_done(const PublishDone& done) override;

  void connect(Version version);
  std::expected<void, Fault> subscribe(const std::string& filter);
  enum class Retain : unsigned char { no, yes };
  std::expected<void, Fault> publish(std::string_view topic, QoS qos, Retain retain, std::string_view payload);
  // Whether messages are tried; if not, and nobody has asked for that, says why.
  [[nodiscard]] bool sends_messages();
  void next_trial();
  void end_trial(StepPrinter::Outcome outcome, std::string_view text);
  void trial_overdue();
  [[nodiscard]] Duration lap();
  void passed(std::string_view name, std::string_view text);
  [[nodiscard]] std::string_view connect_step() const;
  // That which `failure` ended.
  [[nodiscard]] std::string_view step_under_way(const ConnectionFailure& failure) const;
  void show_limits(const Connected& connected);

  // One thing that is tried with a topic of its own.
  struct Trial {
    const char* name;
    const char* filter_prefix;  // in front of the topic in the filter
    const char* filter_suffix;
    QoS qos;
    bool retained;  // published before subscribing
  };
  static const std::vector<Trial> trials;
  [[nodiscard]] const Trial& trial() const { return trials[trial_ - 1]; }

  const Options& options_;
  StepPrinter printer_;
  Loop loop_;
  std::optional<Client> client_;
  Timer limit_;
  std::vector<std::string_view> way_;  // the network's steps that have not passed
  TimePoint step_began_{};
  Version version_ = Version::v5;
  std::string topic_;
  std::size_t trial_ = 0;  // number of the running one, from 1 on
  bool trial_ended_ = false;
  bool old_version_next_ = false;
  bool older_under_way_ = false;
  bool way_told_ = false;  // the network's steps were printed
  cli::ExitStatus status_ = cli::ExitStatus::done;
};

}  // namespace mqtk::check
