// The options that inject faults.
#pragma once

#include "broker/options.hpp"

namespace mqtk::broker_program {

void add_fault_options(cli::OptionTable& table, Options& options);

}  // namespace mqtk::broker_program
