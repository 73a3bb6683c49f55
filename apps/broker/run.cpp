#include "broker/run.hpp"

#include <fmt/format.h>

#include <csignal>
#include <random>

#include "broker/broker.hpp"
#include "broker/child_command.hpp"
#include "broker/log.hpp"
#include "cli/output.hpp"
#include "net/loop.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::broker_program {
namespace {

using cli::ExitStatus;

std::uint64_t random_seed() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32U) | random();
}

bool announce(const Endpoint& endpoint) {
  cli::Output output;
  output.write(fmt::format("listening {}\nready\n", to_text(endpoint)));
  return output.flush();
}

}  // namespace

ExitStatus run(const Options& options) {
  Loop loop;
  BrokerOptions broker_options = options.broker;
  broker_options.seed = random_seed();
  Log log{loop, options.verbose};
  Broker broker{loop, broker_options, log};

  Endpoint wanted;
  wanted.host = options.host;
  wanted.port = options.port.value_or(options.command.empty() ? std::uint16_t{1883} : std::uint16_t{0});
  const auto endpoint = broker.listen(wanted);
  if (!endpoint) {
    cli::report(endpoint.error().text() +
                (failure_of(endpoint.error().code) == NetFailure::address_in_use
                     ? "; stop the program that listens there, or choose another --port (0 is any free one)"
                     : ""));
    return ExitStatus::local_failure;
  }

  ChildCommand command;
  ExitStatus status = ExitStatus::done;
  const SignalWatch signals{loop, {SIGINT, SIGTERM, SIGCHLD}, [&](int signal) {
                              if (signal == SIGCHLD) {
                                const auto ended = command.ended();
                                if (!ended) return;
                                status = static_cast<ExitStatus>(*ended);
                              } else if (command.running()) {
                                return command.send(signal);
                              }
                              broker.shut_down([&loop] { loop.stop(); });
                            }};
  if (options.command.empty()) {
    // Whoever started this broker to read its address and has gone does not need it any more, but others may.
    static_cast<void>(announce(*endpoint));
  } else if (const auto started = command.start(options.command, *endpoint); !started) {
    cli::report(started.error());
    return ExitStatus::local_failure;
  }
  loop.run();
  return status;
}

}  // namespace mqtk::broker_program
