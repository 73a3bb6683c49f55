#include "sub/file_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace mqtk::sub {
namespace {

// One level of a topic as the name of a file or folder.
std::string level_name(std::string_view level) {
  if (level.empty()) return "%";
  const bool only_dots = level.find_first_not_of('.') == std::string_view::npos;
  std::string name;
  for (const char c : level) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '%' || c == '\\' || only_dots) {
      name += fmt::format("%{:02X}", byte);
    } else {
      name += c;
    }
  }
  return name;
}

std::string topic_path(std::string_view topic) {
  std::string path;
  for (;;) {
    const std::size_t end = topic.find('/');
    path += level_name(topic.substr(0, end));
    if (end == std::string_view::npos) return path;
    path += '/';
    topic.remove_prefix(end + 1);
  }
}

}  // namespace

std::expected<void, std::string> FileOutput::check(std::string_view pattern) {
  if (pattern.empty() || pattern.ends_with('/')) return std::unexpected("no name of a file, such as log/{topic}.txt");
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    const std::string_view rest = pattern.substr(at);
    if (!rest.starts_with("{topic}") && !rest.starts_with("{n}")) {
      return std::unexpected("the placeholders are {topic} and {n}");
    }
  }
  return {};
}

std::string FileOutput::path_for(std::string_view topic, std::uint64_t number) const {
  std::string path;
  std::string_view rest = pattern_;
  while (!rest.empty()) {
    const std::size_t brace = std::min(rest.find('{'), rest.size());
    path += rest.substr(0, brace);
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    path += rest.starts_with("{topic}") ? topic_path(topic) : fmt::format("{}", number);
    rest.remove_prefix(rest.find('}') + 1);
  }
  return path;
}

std::string& FileOutput::text_for(std::string_view topic, std::uint64_t number) {
  return texts_[path_for(topic, number)];
}

std::expected<int, std::string> FileOutput::open(const std::string& path) {
  if (const auto found = open_files_.find(path); found != open_files_.end()) return found->second.number();
  if (open_files_.size() >= most_open_files) open_files_.clear();
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  constexpr mode_t everyone_as_umask_says = 0666;
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, everyone_as_umask_says)};
  if (!file.is_open()) {
    const int reason = errno;
    const char* remedy = reason == EISDIR || reason == ENOTDIR
                             ? "; a topic is above another: give files an ending, such as {topic}.txt"
                             : "";
    return std::unexpected(fmt::format("cannot write {}: {}{}", path, std::strerror(reason), remedy));
  }
  const int descriptor = file.number();
  if (!one_per_message()) {
    open_files_.emplace(path, std::move(file));
    return descriptor;
  }
  open_files_.insert_or_assign("", std::move(file));  // only the last one stays open
  return descriptor;
}

std::expected<void, std::string> FileOutput::write_out() {
  for (auto& [path, text] : texts_) {
    const auto descriptor = open(path);
    if (!descriptor) return std::unexpected(descriptor.error());
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t count = ::write(*descriptor, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  texts_.clear();
  return {};
}

}  // namespace mqtk::sub
