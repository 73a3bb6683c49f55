// A scenario as a JSON text; its schema is apps/bench/scenarios/scenario.schema.json.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "load/scenario.hpp"

namespace mqtk {

struct ScenarioFile {
  Scenario scenario;  // all but the endpoint and the streams of a run
  std::vector<std::string> thresholds;
};

// The content of a file that the scenario names, or why it cannot be read.
using ReadNamedFile = std::function<std::expected<std::string, std::string>(const std::string& name)>;

// `defaults` is how clients connect unless the scenario says otherwise. The text says what is wrong and where:
// "groups[1].publish.rate: not a number above 0".
[[nodiscard]] std::expected<ScenarioFile, std::string> parse_scenario(std::string_view json,
                                                                      const ConnectOptions& defaults,
                                                                      const ReadNamedFile& read_file);

}  // namespace mqtk
