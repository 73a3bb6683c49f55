#include "replay/run.hpp"

#include "base/append_format.hpp"
#include "base/quoted_text.hpp"
#include "cli/output.hpp"
#include "replay/message_source.hpp"
#include "replay/player.hpp"

namespace mqtk::replay {
namespace {

using cli::ExitStatus;

void append_line(std::string& out, const Publish& message, Duration due, const std::string& client) {
  constexpr std::size_t shown_payload_bytes = 60;
  const auto nanoseconds = due.count();
  constexpr std::int64_t second = 1'000'000'000;
  append_format(out, "+{}.{:09} {} QoS {}{} {} bytes ", nanoseconds / second, nanoseconds % second, message.topic_name,
                static_cast<int>(message.qos), message.retain ? " retain" : "", message.payload.size());
  append_quoted(out, message.payload, shown_payload_bytes);
  if (!client.empty()) {
    out += " by client ";
    append_quoted(out, as_bytes(client));
  }
  out += '\n';
}

ExitStatus print(MessageSource& source) {
  cli::Output output;
  ExitStatus status = ExitStatus::done;
  while (!output.ended()) {
    switch (source.next()) {
      case MessageSource::State::end: output.flush(); return output.ended() ? output.status() : status;
      case MessageSource::State::damaged:
        cli::report(source.problem());
        status = ExitStatus::malformed_input;
        continue;
      case MessageSource::State::invalid: cli::report(source.problem()); return ExitStatus::usage;
      case MessageSource::State::message: break;
    }
    // No clock is asked: times that would go into payloads are shown as those of 1970.
    append_line(output.buffer(), source.message(WallTime{}), source.due(), source.client());
    output.wrote();
  }
  return output.status();
}

}  // namespace

cli::ExitStatus run(const Options& options) {
  MessageSource source{options};
  if (const std::string problem = source.open(); !problem.empty()) {
    cli::report_usage(problem);
    return ExitStatus::usage;
  }
  return options.dry_run ? print(source) : Player{options, source}.run();
}

}  // namespace mqtk::replay
