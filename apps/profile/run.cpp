#include "profile/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/append_format.hpp"
#include "cli/connection_options.hpp"
#include "cli/output.hpp"
#include "cli/print_config.hpp"
#include "cli/profile.hpp"
#include "net/endpoint.hpp"

namespace mqtk::profile {
namespace {

using cli::ExitStatus;
using cli::Profile;
using cli::ProfileFile;

ExitStatus refuse(const std::string& why) {
  cli::report_usage(why);
  return ExitStatus::usage;
}

ExitStatus save(const ProfileFile& file) {
  const auto written = cli::write_profiles(file);
  if (written) return ExitStatus::done;
  cli::report(written.error());
  return ExitStatus::local_failure;
}

ExitStatus print(const std::string& text) {
  cli::Output output;
  output.write(text);
  output.flush();
  return output.status();
}

// A value as it may be shown.
std::string masked(const std::string& option_name, const std::string& value) {
  cli::ConnectionOptions scratch;
  cli::OptionTable table{{.name = "", .summary = "", .synopsis = {}, .description = ""}};
  cli::add_connection_options(table, scratch, {.property_scopes = {}});
  const cli::Option* option = table.find(option_name);
  return option == nullptr ? value : cli::masked_value(*option, value);
}

ExitStatus list(const ProfileFile& file) {
  std::string text;
  for (const Profile& profile : file.profiles) {
    const auto url = std::ranges::find(profile.settings, "url", &std::pair<std::string, std::string>::first);
    const std::string place = url == profile.settings.end() ? "" : masked("url", url->second);
    append_format(text, "{}{}{}{}\n", profile.name, profile.name == file.default_name ? " (default)" : "",
                  place.empty() ? "" : "  ", place);
  }
  return print(text);
}

ExitStatus show(const Options& options, const Profile& profile) {
  std::string text;
  for (const auto& [option, value] : profile.settings) {
    append_format(text, "{}={}\n", option, options.show_secrets ? value : masked(option, value));
  }
  return print(text);
}

// Checks name and value by what the options themselves take.
cli::Accepted check(const std::string& option_name, const std::string& value) {
  cli::ConnectionOptions scratch;
  cli::OptionTable table{{.name = "", .summary = "", .synopsis = {}, .description = ""}};
  cli::add_connection_options(
      table, scratch, {.property_scopes = {PropertyScope::connect, PropertyScope::will, PropertyScope::disconnect}});
  const cli::Option* option = table.find(option_name);
  if (option == nullptr || option->long_name == "profile") {
    return std::unexpected(fmt::format("'{}' is no option of connections", option_name));
  }
  if (option->value.empty()) {
    if (value == "true" || value == "false") return {};
    return std::unexpected(fmt::format("{}: a flag is true or false", option_name));
  }
  if (auto set = option->set(value); !set) return std::unexpected(fmt::format("{}: {}", option_name, set.error()));
  if (option->long_name != "url") return {};
  const auto endpoint = parse_endpoint(value);
  if (!endpoint) return std::unexpected("url: " + endpoint.error());
  return {};
}

// Options that say the same: one of them given now takes the place of another that was there.
const std::vector<std::vector<std::string>> rivals = {
    {"password", "password-from", "password-file"},
    {"psk", "psk-from"},
    {"connection-string", "connection-string-from"},
};

cli::Accepted drop_rivals(Profile& profile, const std::set<std::string>& given) {
  for (const auto& group : rivals) {
    std::vector<std::string> chosen;
    std::ranges::copy_if(group, std::back_inserter(chosen), [&](const auto& name) { return given.contains(name); });
    if (chosen.size() > 1) {
      return std::unexpected(fmt::format("{} and {} exclude each other; give one", chosen[0], chosen[1]));
    }
    if (chosen.empty()) continue;
    std::erase_if(profile.settings, [&](const auto& setting) {
      return setting.first != chosen[0] && std::ranges::find(group, setting.first) != group.end();
    });
  }
  return {};
}

ExitStatus set(const Options& options, ProfileFile file) {
  const std::string& name = options.words[1];
  Profile* profile = file.find(name);
  if (profile == nullptr) profile = &file.profiles.emplace_back(Profile{.name = name, .settings = {}});
  std::set<std::string> replaced;
  std::set<std::string> given;
  for (auto word = options.words.begin() + 2; word != options.words.end(); ++word) {
    const std::size_t equals = word->find('=');
    const std::string option = word->substr(0, equals);
    if (equals == std::string::npos) return refuse(fmt::format("'{}' is not OPTION=VALUE", option));
    const std::string value = word->substr(equals + 1);
    if (replaced.insert(option).second) {
      std::erase_if(profile->settings, [&](const auto& setting) { return setting.first == option; });
    }
    if (value.empty()) continue;
    if (const auto accepted = check(option, value); !accepted) return refuse(accepted.error());
    given.insert(option);
    profile->settings.emplace_back(option, value);
  }
  if (const auto dropped = drop_rivals(*profile, given); !dropped) return refuse(dropped.error());
  if (options.make_default) file.default_name = name;
  return save(file);
}

ExitStatus remove(const std::string& name, ProfileFile file) {
  std::erase_if(file.profiles, [&](const Profile& profile) { return profile.name == name; });
  if (file.default_name == name) file.default_name.clear();
  return save(file);
}

}  // namespace

ExitStatus run(const Options& options) {
  const std::vector<std::string>& words = options.words;
  const std::string command = words.empty() ? "" : words[0];
  auto file = cli::read_profiles();
  if (!file) return refuse(file.error());
  if (command == "list" && words.size() == 1) return list(*file);
  const bool takes_name = command == "show" || command == "set" || command == "remove";
  if (!takes_name || words.size() < 2 || (command != "set" && words.size() > 2)) {
    return refuse("give list, show NAME, set NAME OPTION=VALUE... or remove NAME");
  }
  if (command == "set") return set(options, std::move(*file));
  const Profile* profile = file->find(words[1]);
  if (profile == nullptr)
    return refuse(fmt::format("there is no profile '{}'; mqtk profile list shows them", words[1]));
  if (command == "show") return show(options, *profile);
  return remove(words[1], std::move(*file));
}

}  // namespace mqtk::profile
