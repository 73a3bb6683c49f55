// One message as bytes for standard output.
#pragma once

#include <string>

#include "base/time.hpp"
#include "codec/packet.hpp"
#include "sub/options.hpp"

namespace mqtk::sub {

class MessagePrinter {
 public:
  explicit MessagePrinter(const Options& options) : options_(options) {}

  // Whether append() looks at its time: reading the clock for each of a million messages costs.
  [[nodiscard]] bool needs_time() const {
    return options_.format == Options::Format::json || options_.format == Options::Format::by_template;
  }

  void append(std::string& out, const Publish& message, WallTime received_at) const;

 private:
  const Options& options_;
};

}  // namespace mqtk::sub
