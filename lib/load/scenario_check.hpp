// What no single part of a scenario can show: whether the parts fit together.
#pragma once

#include <expected>
#include <string>

#include "load/scenario.hpp"

namespace mqtk {

// The text says what does not fit and in which group.
[[nodiscard]] std::expected<void, std::string> check_scenario(const Scenario& scenario);

}  // namespace mqtk
