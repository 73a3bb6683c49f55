// The options that inject faults.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/fault_rule.hpp"
#include "cli/option_table.hpp"

namespace mqtk::cli {

struct FaultOptions {
  std::vector<FaultRule> rules;
  std::uint64_t seed = 0;
};

// Who injects them: what strikes Sessions is for a broker alone.
enum class FaultPlace : unsigned char { in_broker, before_broker };

// Adds the group Faults.
void add_fault_options(OptionTable& table, FaultOptions& options, FaultPlace place);

}  // namespace mqtk::cli
