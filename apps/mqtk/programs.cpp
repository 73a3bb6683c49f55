#include "mqtk/programs.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace mqtk::dispatcher {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "mqtk-";

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> path_folders() {
  std::vector<std::string> folders;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    // An empty entry would mean the current folder, where nobody expects programs.
    if (end > 0) folders.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return folders;
}

// Links are followed: the programs lie beside the real file.
std::optional<fs::path> own_path(const char* argv0) {
  std::error_code error;
  if (fs::path path = fs::read_symlink("/proc/self/exe", error); !error) return path;
  if (argv0 == nullptr) return std::nullopt;
  fs::path path = argv0;
  if (!path.has_parent_path()) {
    for (const std::string& folder : path_folders()) {
      if (is_program(fs::path{folder} / path)) {
        path = fs::path{folder} / path;
        break;
      }
    }
  }
  path = fs::canonical(path, error);
  if (error) return std::nullopt;
  return path;
}

}  // namespace

std::vector<std::string> search_folders(const char* argv0) {
  std::vector<std::string> folders;
  if (const auto path = own_path(argv0)) folders.push_back(path->parent_path().string());
  for (std::string& folder : path_folders()) folders.push_back(std::move(folder));
  return folders;
}

std::optional<std::string> find_program(std::string_view name, const std::vector<std::string>& folders) {
  if (name.empty() || name.find('/') != std::string_view::npos) return std::nullopt;
  for (const std::string& folder : folders) {
    const fs::path path = fs::path{folder} / (std::string{prefix} + std::string{name});
    if (is_program(path)) return path.string();
  }
  return std::nullopt;
}

std::vector<std::string> program_names(const std::vector<std::string>& folders) {
  std::set<std::string> names;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
      const std::string file = at->path().filename().string();
      if (file.starts_with(prefix) && file.size() > prefix.size() && is_program(at->path())) {
        names.insert(file.substr(prefix.size()));
      }
    }
  }
  return {names.begin(), names.end()};
}

std::string summary_of(const std::string& path) {
  int ends[2];
  if (::pipe(ends) != 0) return "";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(path.c_str(), path.c_str(), "--generate", "summary", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string summary;
  char block[256];
  while (child > 0 && summary.size() < sizeof block) {
    const ssize_t count = ::read(ends[0], block, sizeof block);
    if (count <= 0) break;
    summary.append(block, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = -1;
  if (child > 0) ::waitpid(child, &status, 0);
  if (status != 0) return "";
  return summary.substr(0, summary.find('\n'));
}

}  // namespace mqtk::dispatcher
