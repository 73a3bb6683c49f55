// --until: what a message must be to end the run.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cli/json_view.hpp"
#include "codec/packet.hpp"

namespace mqtk::sub {

class EndCondition {
 public:
  // "json:/state==done", "topic:job/+/done", "payload:bye".
  [[nodiscard]] static std::expected<EndCondition, std::string> parse(std::string_view text, Version version);
  [[nodiscard]] bool holds(const Publish& message) const;

 private:
  std::optional<cli::JsonCondition> json_;
  std::optional<std::string> topic_filter_;
  std::optional<std::string> payload_;
};

}  // namespace mqtk::sub
