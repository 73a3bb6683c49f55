// %j and %J of the -F template: a message as mosquitto_sub prints it in JSON.
//
// The keys and their order are those of mosquitto's clients; sub --json has our own, in which nothing is lost.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk::cli {

enum class JsonPayload : std::uint8_t {
  text,    // a string; payload_base64 in its place where the payload is no text
  parsed,  // the payload's own JSON, character for character
};

// False, and nothing appended, where the payload should be JSON and is not.
[[nodiscard]] bool append_mosquitto_json(std::string& out, const Publish& message, WallTime received_at,
                                         JsonPayload payload);

}  // namespace mqtk::cli
