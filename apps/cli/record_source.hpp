// Messages that come as records of standard input: lines, or JSON Lines.
#pragma once

#include <memory>

#include "cli/message_input.hpp"

namespace mqtk::cli {

[[nodiscard]] std::unique_ptr<MessageSource> line_source(const MessageInput& input);

// A line holds what capture/ndjson.hpp reads. Blank lines are passed over.
[[nodiscard]] std::unique_ptr<MessageSource> json_line_source(const MessageInput& input);

}  // namespace mqtk::cli
