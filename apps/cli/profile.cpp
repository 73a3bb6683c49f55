#include "cli/profile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

namespace mqtk::cli {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::string reason(int error) { return std::system_category().message(error); }

bool append_value(const std::string& name, const Json& value, Settings& settings) {
  if (value.is_string()) {
    settings.emplace_back(name, value.get<std::string>());
  } else if (value.is_boolean() || value.is_number()) {
    settings.emplace_back(name, value.dump());
  } else if (value.is_array()) {
    for (const Json& one : value) {
      if (one.is_array() || !append_value(name, one, settings)) return false;
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

Profile* ProfileFile::find(const std::string& name) {
  const auto found = std::ranges::find(profiles, name, &Profile::name);
  return found == profiles.end() ? nullptr : &*found;
}

std::string profile_path() {
  const char* configured = std::getenv("XDG_CONFIG_HOME");
  if (configured != nullptr && *configured == '/') return std::string(configured) + "/mqtk/config.json";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.config/mqtk/config.json";
}

std::expected<ProfileFile, std::string> parse_profiles(const std::string& text) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return std::unexpected("is no JSON");
  const auto wrong = [](const std::string& what) { return std::unexpected("holds no profiles: " + what); };
  if (!document.is_object()) return wrong("it is no object");
  ProfileFile file;
  if (const auto name = document.find("default"); name != document.end()) {
    if (!name->is_string()) return wrong("\"default\" is no text");
    file.default_name = name->get<std::string>();
  }
  const auto profiles = document.find("profiles");
  if (profiles == document.end()) return file;
  if (!profiles->is_object()) return wrong("\"profiles\" is no object");
  for (const auto& [name, options] : profiles->items()) {
    if (!options.is_object()) return wrong(fmt::format("\"{}\" is no object", name));
    Profile profile{.name = name, .settings = {}};
    for (const auto& [option, value] : options.items()) {
      if (!append_value(option, value, profile.settings)) {
        return wrong(fmt::format("\"{}\" of \"{}\" is no text, number, true, false or list of them", option, name));
      }
    }
    file.profiles.push_back(std::move(profile));
  }
  return file;
}

std::string profiles_text(const ProfileFile& file) {
  Json document = Json::object();
  if (!file.default_name.empty()) document["default"] = file.default_name;
  Json& profiles = document["profiles"] = Json::object();
  for (const Profile& profile : file.profiles) {
    Json& options = profiles[profile.name] = Json::object();
    for (const auto& [option, value] : profile.settings) {
      Json& place = options[option];
      const Json written = value == "true" ? Json(true) : value == "false" ? Json(false) : Json(value);
      if (place.is_null()) {
        place = written;
      } else {
        if (!place.is_array()) place = Json::array({place});
        place.push_back(written);
      }
    }
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::expected<ProfileFile, std::string> read_profiles() {
  const std::string path = profile_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return ProfileFile{};
  std::ifstream input(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  if (!input.is_open() || input.bad()) {
    return std::unexpected(fmt::format("profile file '{}': cannot be read: {}", path, reason(errno)));
  }
  auto file = parse_profiles(text);
  if (!file) return std::unexpected(fmt::format("profile file '{}': {}", path, file.error()));
  return file;
}

std::expected<void, std::string> write_profiles(const ProfileFile& file) {
  const std::string path = profile_path();
  const auto failed = [&](int error) {
    return std::unexpected(fmt::format("profile file '{}': cannot be written: {}", path, reason(error)));
  };
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return failed(error.value());
  // Beside it and then renamed, so that a reader never sees half a file.
  const std::string fresh = path + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed(errno);
  const std::string text = profiles_text(file);
  const ssize_t written = ::write(descriptor, text.data(), text.size());
  const int write_error = errno;
  ::close(descriptor);
  if (written != static_cast<ssize_t>(text.size())) return failed(write_error);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed(errno);
  return {};
}

std::expected<Profile, std::string> find_profile(const std::optional<std::string>& name) {
  auto file = read_profiles();
  if (!file) return std::unexpected(file.error());
  const std::string wanted = name.value_or(file->default_name);
  if (wanted.empty()) return Profile{};
  if (Profile* found = file->find(wanted)) return std::move(*found);
  return std::unexpected(
      name ? fmt::format("--profile '{}': there is no such profile; mqtk profile list shows them", wanted)
           : fmt::format("profile file '{}': the default profile '{}' is missing", profile_path(), wanted));
}

}  // namespace mqtk::cli
