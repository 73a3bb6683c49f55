// Messages in and out: what -m, -f, -s and -l give, and how one is printed.
#pragma once

#include <memory>
#include <string>

#include "base/time.hpp"
#include "cli/message_input.hpp"
#include "codec/packet.hpp"
#include "mosquitto/arguments.hpp"

namespace mqtk::mosquitto {

// Plain, -v, -F, -N and --pretty.
[[nodiscard]] std::string message_text(const Arguments& arguments, const Publish& message, WallTime now);

// Null where the message cannot be read; that has been told then.
[[nodiscard]] std::unique_ptr<cli::MessageSource> open_message(
    const Arguments& arguments, cli::LongPayload long_payload = cli::LongPayload::filled);

}  // namespace mqtk::mosquitto
