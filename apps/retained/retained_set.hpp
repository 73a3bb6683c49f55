// What a broker keeps, or what a file says that one did: one message for each topic.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>

#include "capture/message_record.hpp"
#include "cli/exit_status.hpp"
#include "retained/options.hpp"
#include "session/application_message.hpp"

namespace mqtk::retained {

using RetainedSet = std::map<std::string, ApplicationMessage, std::less<>>;

// A message as it goes into a file or to a broker. The views die with the message and with `properties`.
[[nodiscard]] Publish as_publish(const ApplicationMessage& message, PropertyWriter& properties);

// Reads a recording of any format; "-" is standard input. Only messages that a broker kept count, the last of each
// topic; `passed_over` says how many others there were. What goes wrong has been reported.
[[nodiscard]] std::expected<RetainedSet, cli::ExitStatus> read_set(const std::string& path, const Options& options,
                                                                   std::uint64_t& passed_over);

}  // namespace mqtk::retained
