#include "retained/retained_set.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/recording_input.hpp"

namespace mqtk::retained {

Publish as_publish(const ApplicationMessage& message, PropertyWriter& properties) {
  properties.clear();
  if (const auto seconds = message.message_expiry_interval()) {
    properties.add(PropertyId::message_expiry_interval, *seconds);
  }
  for (const Property& property : message.properties()) properties.add(property);
  return {.qos = message.qos(),
          .retain = true,
          .topic_name = message.topic(),
          .properties = properties.block(),
          .payload = message.payload()};
}

std::expected<RetainedSet, cli::ExitStatus> read_set(const std::string& path, const Options& options,
                                                     std::uint64_t& passed_over) {
  auto reader = cli::open_recording(path, {});
  if (!reader) {
    cli::report_usage(reader.error());
    return std::unexpected(cli::ExitStatus::usage);
  }
  RetainedSet set;
  MessageRecord record;
  for (;;) {
    switch ((*reader)->next(record)) {
      case RecordingReader::State::end: return set;
      case RecordingReader::State::damaged:
        // Half a set would look like a whole one.
        cli::report(fmt::format("{}: {}", path == "-" ? "standard input" : path, (*reader)->problem()));
        return std::unexpected(cli::ExitStatus::malformed_input);
      case RecordingReader::State::message: break;
    }
    if ((!record.retain && !record.retained_at_subscribe) || record.payload.empty()) {
      ++passed_over;
      continue;
    }
    if (!options.selects(record.topic)) continue;
    const Publish message{.qos = record.qos,
                          .retain = true,
                          .topic_name = record.topic,
                          .properties = record.properties,
                          .payload = record.payload};
    set.insert_or_assign(std::string{record.topic}, ApplicationMessage::make(message, TimePoint{}));
  }
}

}  // namespace mqtk::retained
