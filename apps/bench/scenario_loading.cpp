#include "bench/scenario_loading.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "bench/input_file.hpp"
#include "cli/output.hpp"
#include "load/scenario_file.hpp"

namespace mqtk::bench {
namespace {

using cli::Accepted;
using cli::ExitStatus;

constexpr std::string_view extension = ".json";
constexpr std::string_view schema_name = "scenario.schema.json";

const BuiltInText* find_ready_made(std::string_view name) {
  const auto texts = built_in_texts();
  const auto found = std::ranges::find_if(texts, [&](const BuiltInText& each) {
    return each.name != schema_name && each.name.substr(0, each.name.size() - extension.size()) == name;
  });
  return found == texts.end() ? nullptr : &*found;
}

std::string ready_made_names() {
  std::string names;
  for (const BuiltInText& each : built_in_texts()) {
    if (each.name == schema_name) continue;
    names += (names.empty() ? "" : ", ") + std::string{each.name.substr(0, each.name.size() - extension.size())};
  }
  return names;
}

}  // namespace

std::string_view scenario_schema() {
  return std::ranges::find(built_in_texts(), schema_name, &BuiltInText::name)->text;
}

Accepted load_scenario(Options& options) {
  if (options.typed.words.size() != 1) {
    return std::unexpected(fmt::format("'bench run' needs one scenario: a file, or one of {}", ready_made_names()));
  }
  const std::string& name = options.typed.words[0];
  const std::filesystem::path path{name};
  const BuiltInText* ready_made = find_ready_made(name);
  const auto content = read_input_file(name);
  if (!content && ready_made == nullptr)
    return std::unexpected(fmt::format("scenario '{}': {}", name, content.error()));
  auto file =
      parse_scenario(content ? std::string_view{*content} : ready_made->text, options.connection.connect,
                     [&](const std::string& named) { return read_input_file((path.parent_path() / named).string()); });
  if (!file) return std::unexpected(fmt::format("scenario '{}': {}", name, file.error()));
  std::vector<Threshold> thresholds;
  for (const std::string& text : file->thresholds) {
    auto threshold = Threshold::parse(text);
    if (!threshold)
      return std::unexpected(fmt::format("scenario '{}': assert '{}': {}", name, text, threshold.error()));
    thresholds.push_back(std::move(*threshold));
  }
  options.scenario = std::move(file->scenario);
  if (options.scenario.name.empty()) options.scenario.name = path.stem().string();
  options.thresholds.insert(options.thresholds.begin(), thresholds.begin(), thresholds.end());
  return {};
}

ExitStatus init_scenario(const Options& options) {
  cli::Output output;
  if (options.typed.words.empty()) {
    output.write(fmt::format("Ready-made scenarios: {}\n", ready_made_names()));
    output.flush();
    return output.status();
  }
  const std::string& name = options.typed.words[0];
  const BuiltInText* ready_made = find_ready_made(name);
  if (ready_made == nullptr) {
    cli::report(fmt::format("init '{}': not one of {}", name, ready_made_names()));
    return ExitStatus::usage;
  }
  const std::string file{ready_made->name};
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  std::string_view rest = ready_made->text;
  int error = descriptor < 0 ? errno : 0;
  while (error == 0 && !rest.empty()) {
    const ssize_t count = ::write(descriptor, rest.data(), rest.size());
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (descriptor >= 0 && ::close(descriptor) != 0 && error == 0) error = errno;
  if (error != 0) {
    cli::report(fmt::format("init '{}': cannot write {}: {}", name, file, std::strerror(error)));
    return ExitStatus::local_failure;
  }
  output.write(fmt::format("{} is written; change it and run it: mqtk bench run {}\n", file, file));
  output.flush();
  return output.status();
}

}  // namespace mqtk::bench
