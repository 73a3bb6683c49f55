// Puts the scenario together from what was typed.
#pragma once

#include "bench/options.hpp"

namespace mqtk::bench {

[[nodiscard]] cli::Accepted settle(Options& options);

}  // namespace mqtk::bench
