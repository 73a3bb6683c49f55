// Scenarios from files, and those that come with the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/options.hpp"

namespace mqtk::bench {

// A text that is part of the program: a ready-made scenario, or the schema of all of them.
struct BuiltInText {
  std::string_view name;  // of the file without folder, "fan-in.json"
  std::string_view text;
};
[[nodiscard]] std::span<const BuiltInText> built_in_texts();
[[nodiscard]] std::string_view scenario_schema();

// Reads `typed.words[0]`, a file or the name of a ready-made scenario, into options.scenario and options.thresholds.
[[nodiscard]] cli::Accepted load_scenario(Options& options);

// Writes the ready-made scenario `typed.words[0]` into the current directory, or lists all.
[[nodiscard]] cli::ExitStatus init_scenario(const Options& options);

}  // namespace mqtk::bench
