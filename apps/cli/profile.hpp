// Named sets of connection options, in $XDG_CONFIG_HOME/mqtk/config.json (or ~/.config/mqtk/config.json):
//
//   {"default": "plant", "profiles": {"plant": {"url": "mqtts://broker.example", "username": "me"}}}
//
// The names are those of the long options; the values are texts, numbers, true and, for repeated options, lists.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mqtk::cli {

struct Profile {
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;  // a flag has the value "true"
};

struct ProfileFile {
  std::string default_name;  // empty for none
  std::vector<Profile> profiles;

  [[nodiscard]] Profile* find(const std::string& name);
};

// Where the file is, whether it exists or not.
[[nodiscard]] std::string profile_path();

// An absent file is an empty one. The error is one line that names the file.
[[nodiscard]] std::expected<ProfileFile, std::string> read_profiles();

// Replaces the file; only its owner can read it, since it may hold passwords.
[[nodiscard]] std::expected<void, std::string> write_profiles(const ProfileFile& file);

// For fuzzing and tests: the text of the file.
[[nodiscard]] std::expected<ProfileFile, std::string> parse_profiles(const std::string& text);
[[nodiscard]] std::string profiles_text(const ProfileFile& file);

// The profile of this name, or the default one; where there is neither an empty profile without name.
[[nodiscard]] std::expected<Profile, std::string> find_profile(const std::optional<std::string>& name);

}  // namespace mqtk::cli
