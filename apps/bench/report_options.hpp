// Options about what is told, and about loads that several processes share.
#pragma once

#include "bench/options.hpp"

namespace mqtk::bench {

void add_report_options(cli::OptionTable& table, Options& options);
void add_sharing_options(cli::OptionTable& table, Options& options);

}  // namespace mqtk::bench
