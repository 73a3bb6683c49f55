// --encode: lines of JSON, as --json prints them, back to the bytes of packets.
#pragma once

#include "cli/exit_status.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

[[nodiscard]] cli::ExitStatus encode_packets(const Options& options);

}  // namespace mqtk::inspect
