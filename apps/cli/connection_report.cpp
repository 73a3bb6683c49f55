#include "cli/connection_report.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/failure_text.hpp"
#include "cli/output.hpp"

namespace mqtk::cli {

void ConnectionReport::connected() {
  if (std::exchange(away_, false)) {
    const std::string_view again = connections_ > 0 ? " again" : "";
    report(fmt::format("connected{} to {}", again, short_text(endpoint_)));
  }
  ++connections_;
}

void ConnectionReport::lost(const ConnectionFailure& failure) {
  if (std::exchange(away_, true)) return;
  report(fmt::format("{}; trying again", describe(failure, endpoint_, options_, Outlook::tried_again).line));
}

ExitStatus ConnectionReport::stopped(const ConnectionFailure& failure) const {
  const auto text = describe(failure, endpoint_, options_, outlook_at_end(failure, options_));
  report(text.line);
  return text.status;
}

}  // namespace mqtk::cli
