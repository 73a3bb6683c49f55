// One line for each step of a check, as text or JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "cli/output.hpp"

namespace mqtk::check {

class StepPrinter {
 public:
  enum class Form : unsigned char { text, json };
  enum class Outcome : unsigned char { passed, failed, note };

  explicit StepPrinter(Form form) : form_(form) {}

  // `name` is a few words: "TLS", "round trip QoS 1".
  void print(std::string_view name, Outcome outcome, Duration took, std::string_view text);
  [[nodiscard]] cli::Output& output() { return output_; }

 private:
  Form form_;
  cli::Output output_;
};

}  // namespace mqtk::check
