#include "broker/run.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "broker/bridges.hpp"
#include "broker/broker.hpp"
#include "broker/control_client.hpp"
#include "broker/control_server.hpp"
#include "broker/event_relay.hpp"
#include "broker/expectation_watch.hpp"
#include "broker/lifetime.hpp"
#include "broker/log.hpp"
#include "broker/metrics.hpp"
#include "broker/ready_file.hpp"
#include "broker/service_manager.hpp"
#include "broker/traffic_record.hpp"
#include "cli/child_command.hpp"
#include "cli/listening_options.hpp"
#include "cli/metrics_page.hpp"
#include "cli/output.hpp"
#include "cli/suggestion.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::broker_program {
namespace {

using cli::ExitStatus;

// How long a command may take to end when it was told to, at the end of a broker's own time.
constexpr Duration command_grace = std::chrono::seconds{5};

BrokerOptions with_random_numbers(BrokerOptions options, bool has_bridges) {
  std::random_device random;
  options.seed = (static_cast<std::uint64_t>(random()) << 32U) | random();
  if (has_bridges) options.bridge_identity = fmt::format("{:08x}{:08x}", random(), random());
  return options;
}

// Without credentials only programs of this machine are let in, unless that is asked for.
std::expected<void, std::string> check_door(const std::vector<cli::Listener>& listeners,
                                            const CredentialOptions& options) {
  if (options.allow_anonymous || options.has_credentials()) return {};
  for (const cli::Listener& listener : listeners) {
    if (cli::is_local(listener.endpoint)) continue;
    return std::unexpected(fmt::format(
        "{}: other machines could connect without a password; give --password-file, or --allow-anonymous to let them",
        to_text(listener.endpoint)));
  }
  return {};
}

ExitStatus refuse(const std::string& why) {
  cli::report_usage(why);
  return ExitStatus::usage;
}

// A mistyped command for a running broker must not start another broker and a program of that name.
ExitStatus refuse_unmarked(const std::string& word) {
  if (is_control_command(word))
    return refuse(fmt::format("'{0}' has to come first: mqtk broker {0} --control SOCKET", word));
  const auto near = cli::nearest(word, control_commands());
  return refuse(fmt::format("no command of a broker is called '{}'; {}", word,
                            near ? fmt::format("did you mean '{}'?", *near) : "a program to run stands behind --"));
}

class Run : BrokerListener {
 public:
  Run(const Options& options, std::vector<cli::Listener> listeners, CredentialCheck::Rules rules,
      std::optional<Expectation> expectation)
      : options_(options),
        listeners_(std::move(listeners)),
        access_(std::move(rules)),
        log_(loop_, options.verbose),
        broker_options_(with_random_numbers(options.broker, !options.bridges.empty())),
        broker_(loop_, broker_options_, events_),
        bridges_(loop_, broker_, events_, options.bridges, broker_options_.bridge_identity,
                 options.broker.system_topics_interval),
        control_(loop_, broker_, bridges_, *faults_),
        metrics_(loop_, [this] { return metrics_text(broker_.counters(), broker_.sizes(), bridges_.facts()); }),
        signals_(loop_, {SIGINT, SIGTERM, SIGCHLD, SIGHUP}, [this](int signal) { on_signal(signal); }),
        lifetime_(loop_, options.lifetime, [this](Lifetime::End end) { on_end_of_life(end); }),
        kill_command_(loop_, [this] {
          if (command_.running()) command_.send(SIGKILL);
        }) {
    events_.add(log_);
    events_.add(control_);
    events_.add(*this);
    if (expectation) {
      events_.add(expectation_.emplace(loop_, std::move(*expectation), [this] { end_with_verdict(); }));
    }
    faults_->set_seed(options.faults.seed);
    for (const FaultRule& rule : options.faults.rules) faults_->add(rule);
    // Over the control socket faults may come later.
    if (!options.faults.rules.empty() || !options.control.empty()) broker_.set_faults(faults_);
  }

  ExitStatus to_its_end() {
    const auto ready = start();
    if (!ready) {
      cli::report(ready.error());
      return ExitStatus::local_failure;
    }
    loop_.run();
    return finish();
  }

 private:
  ExitStatus finish() {
    if (expectation_ && !expectation_->report() && status_ == ExitStatus::done) status_ = ExitStatus::assertion_failed;
    const bool recorded = !record_ || record_->finish();
    const bool traced = !trace_ || trace_->finish();
    if ((!recorded || !traced) && status_ == ExitStatus::done) status_ = ExitStatus::local_failure;
    return status_;
  }

  // What was expected has come, or cannot come any more. A command that is content goes on.
  void end_with_verdict() {
    if (command_.running() && expectation_->fulfilled()) return;
    end(SIGTERM);
  }

  std::expected<void, std::string> open_files() {
    std::string problem;
    if (!options_.record_file.empty()) {
      events_.add(record_.emplace(loop_));
      problem = record_->open(options_.record_file);
    }
    if (problem.empty() && !options_.trace_file.empty()) {
      events_.add(trace_.emplace(loop_));
      problem = trace_->open(options_.trace_file);
    }
    if (!problem.empty()) return std::unexpected(problem);
    return {};
  }

  // The error is one line.
  std::expected<void, std::string> start() {
    broker_.set_access_control(&access_);
    if (const auto opened = open_files(); !opened) return opened;
    if (const auto kept = bring_state_back(); !kept) return kept;
    if (const auto listening = listen(); !listening) return listening;
    if (!options_.control.empty()) {
      if (const auto controlled = control_.listen(options_.control); !controlled) {
        return std::unexpected(controlled.error().text());
      }
      ::setenv("MQTK_CONTROL", options_.control.c_str(), 1);
    }
    bridges_.start();
    std::string announcement;
    for (const Endpoint& endpoint : endpoints_) announcement += fmt::format("listening {}\n", to_text(endpoint));
    if (options_.metrics_port) {
      const auto url = metrics_.listen(*options_.metrics_port);
      if (!url) return std::unexpected(url.error().text());
      announcement += fmt::format("listening {}\n", *url);
    }
    service_manager_.notify(fmt::format("READY=1\nSTATUS={}", announcement.substr(0, announcement.find('\n'))));
    announcement += "ready\n";
    if (options_.ready_file) {
      if (const auto written = ready_file_.write(*options_.ready_file, announcement); !written) return written;
    }
    if (expectation_) expectation_->start();
    if (!options_.command.empty()) return command_.start(options_.command, endpoints_.front());
    // Whoever started this broker to read its address and has gone does not need it any more, but others may.
    cli::Output output;
    output.write(announcement);
    static_cast<void>(output.flush());
    return {};
  }

  std::expected<void, std::string> bring_state_back() {
    if (options_.state_dir.empty()) return {};
    const auto kept = broker_.keep_state(options_.state_dir, options_.fsync ? Durability::power : Durability::process);
    if (!kept) return std::unexpected(kept.error().text());
    if (kept->cut_bytes > 0) {
      cli::report(
          fmt::format("the last {} bytes of the kept state were damaged or incomplete and are left out; the log "
                      "with them is kept as {}",
                      kept->cut_bytes, kept->damaged_log));
    }
    if (options_.verbose > 0) {
      cli::report(fmt::format("brought back {} sessions, {} messages that wait for them, {} retained messages",
                              kept->sessions, kept->queued, kept->retained));
    }
    return {};
  }

  // A broker that cannot keep its promise to remember serves nobody.
  void on_event(const BrokerEvent& event) override {
    if (event.type != BrokerEvent::Type::state_lost) return;
    status_ = ExitStatus::local_failure;
    loop_.post([this] { end(SIGTERM); });
  }

  std::expected<void, std::string> listen() {
    for (FileDescriptor& socket : service_manager_.take_listening_sockets()) {
      const auto endpoint = broker_.adopt(std::move(socket));
      if (!endpoint) return std::unexpected(endpoint.error().text());
      endpoints_.push_back(*endpoint);
    }
    const bool asked_for = options_.listening.port || !options_.listening.urls.empty();
    if (endpoints_.empty() || asked_for) return listen_at_all();
    return {};
  }

  std::expected<void, std::string> listen_at_all() {
    for (const cli::Listener& listener : listeners_) {
      auto endpoint = broker_.listen(listener.endpoint, {.tls = listener.tls});
      if (!endpoint) {
        const bool in_use = failure_of(endpoint.error().code) == NetFailure::address_in_use;
        return std::unexpected(
            endpoint.error().text() +
            (in_use ? "; stop the program that listens there, or choose another --port (0 is any free one)" : ""));
      }
      endpoints_.push_back(std::move(*endpoint));
    }
    return {};
  }

  void on_signal(int signal) {
    const CredentialOptions& credentials = options_.credentials;
    const bool has_files =
        !credentials.password_file.empty() || !credentials.acl_file.empty() || !credentials.token_key_files.empty();
    if (signal == SIGHUP && has_files) return read_rules_again();
    if (signal != SIGCHLD) return end(signal);
    const auto ended = command_.ended();
    if (!ended) return;
    if (status_ == ExitStatus::done) status_ = static_cast<ExitStatus>(*ended);
    end(SIGTERM);
  }

  // Files that cannot be read change nothing: better the old rules than none.
  void read_rules_again() {
    auto rules = read_rules(options_.credentials);
    if (!rules) return cli::report(rules.error() + "; the rules stay as they were");
    access_.replace(std::move(*rules));
    cli::report("the files with passwords, keys and rules read again");
  }

  void on_end_of_life(Lifetime::End reason) {
    if (reason == Lifetime::End::time_up) {
      cli::report("the time of --max-lifetime is over");
      status_ = ExitStatus::timed_out;
    }
    if (command_.running()) kill_command_.arm(loop_.time_after(command_grace));
    end(SIGTERM);
  }

  // The command ends before the broker that it runs against.
  void end(int signal) {
    if (command_.running()) return command_.send(signal);
    if (std::exchange(ending_, true)) return;
    service_manager_.notify("STOPPING=1");
    bridges_.stop([this] { broker_.shut_down([this] { loop_.stop(); }); });
  }

  const Options& options_;
  std::vector<cli::Listener> listeners_;
  CredentialCheck access_;
  ServiceManager service_manager_;
  Loop loop_;
  Log log_;
  EventRelay events_;
  std::optional<ExpectationWatch> expectation_;
  std::optional<TrafficRecord> record_;
  std::optional<PacketTrace> trace_;
  bool ending_ = false;
  std::shared_ptr<FaultRules> faults_ = std::make_shared<FaultRules>();
  BrokerOptions broker_options_;
  Broker broker_;
  Bridges bridges_;
  ControlServer control_;
  cli::MetricsPage metrics_;
  std::vector<Endpoint> endpoints_;
  ReadyFile ready_file_;
  cli::ChildCommand command_;
  ExitStatus status_ = ExitStatus::done;
  SignalWatch signals_;
  Lifetime lifetime_;
  Timer kill_command_;
};

// The error is one line.
std::expected<std::optional<Expectation>, std::string> read_expectation(const std::string& path) {
  if (path.empty()) return std::nullopt;
  std::ifstream input(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  if (!input.is_open() || input.bad()) return std::unexpected(path + ": cannot be read");
  auto expectation = Expectation::parse(text);
  if (!expectation) return std::unexpected(fmt::format("{}: {}", path, expectation.error()));
  return std::move(*expectation);
}

}  // namespace

ExitStatus run(const Options& options) {
  if (!options.command.empty() && !options.command_is_marked) return refuse_unmarked(options.command.front());
  auto listeners =
      cli::make_listeners(options.listening, options.command.empty() ? cli::Ports::standard : cli::Ports::free);
  if (!listeners) return refuse(listeners.error());
  if (const auto door = check_door(*listeners, options.credentials); !door) return refuse(door.error());
  if (options.fsync && options.state_dir.empty()) return refuse("--fsync: nothing is kept without --state-dir");
  auto rules = read_rules(options.credentials);
  if (!rules) return refuse(rules.error());
  auto expectation = read_expectation(options.expectation_file);
  if (!expectation) return refuse(expectation.error());
  return Run{options, std::move(*listeners), std::move(*rules), std::move(*expectation)}.to_its_end();
}

}  // namespace mqtk::broker_program
