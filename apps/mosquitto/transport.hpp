#pragma once

#include <expected>
#include <string>

#include "mosquitto/arguments.hpp"

namespace mqtk::mosquitto {

// Makes port, transport and its options of what was typed: reads the files that TLS needs. The error is the text for
// stderr; the exit status is 1.
[[nodiscard]] std::expected<void, std::string> settle_transport(Arguments& arguments);

}  // namespace mqtk::mosquitto
