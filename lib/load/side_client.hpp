// How a client connects that belongs to a load test but not to its load: it compares clocks, or listens to $SYS.
//
// It says what the first client of the load says to be let in, filled in as for that one, and leaves nothing behind.
#pragma once

#include "base/time.hpp"
#include "client/connect_options.hpp"
#include "load/scenario.hpp"

namespace mqtk {

// `process` is the part of the scenario that this process does, and `now` what {time} is.
[[nodiscard]] ConnectOptions side_client_options(const Scenario& scenario, LoadSlice process, WallTime now);

}  // namespace mqtk
