#include "bench/sink.hpp"

#include <fmt/format.h>

#include <csignal>

#include "bench/machine.hpp"
#include "cli/output.hpp"
#include "load/load_sink.hpp"
#include "net/signal_watch.hpp"

namespace mqtk::bench {

using cli::ExitStatus;

ExitStatus run_sink(const Options& options) {
  std::uint64_t limit = 0;
  (void)allow_descriptors(0, limit);
  Loop loop;
  LoadSink sink{loop};
  const SignalWatch signals{loop, {SIGINT, SIGTERM}, [&loop](int) { loop.stop(); }};
  const auto listening = sink.listen(options.typed.listen);
  if (!listening) {
    cli::report(listening.error().text());
    return ExitStatus::local_failure;
  }
  cli::Output output;
  // As mqtk-broker greets, so that scripts can wait for either.
  output.write(fmt::format("listening {}\nready\n", to_text(*listening)));
  output.flush();
  loop.run();
  const LoadSink::Counts& counts = sink.counts();
  output.write(
      fmt::format("connections {}, messages {}, bytes {}\n", counts.connections, counts.messages, counts.bytes));
  output.flush();
  return output.status();
}

}  // namespace mqtk::bench
