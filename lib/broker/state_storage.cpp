#include "broker/state_storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace mqtk {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

std::unexpected<NetError> failure(std::string doing) {
  return std::unexpected(NetError{std::move(doing), last_error()});
}

FileDescriptor open_file(const std::string& path, int flags) {
  return FileDescriptor{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
}

}  // namespace

std::expected<StateDirectory, NetError> StateDirectory::open(const std::string& path, Durability durability) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure("making the state directory " + path);
  StateDirectory directory{path, durability};
  directory.lock_ = open_file(path + "/lock", O_RDWR | O_CREAT);
  if (!directory.lock_.is_open()) return failure("opening the state directory " + path);
  if (::flock(directory.lock_.number(), LOCK_EX | LOCK_NB) != 0) {
    return std::unexpected(
        NetError{"locking the state directory " + path, last_error(), "another broker uses it; end that one first"});
  }
  return directory;
}

std::expected<std::vector<std::uint8_t>, NetError> StateDirectory::read() const {
  std::vector<std::uint8_t> content;
  const FileDescriptor file = open_file(log_path(), O_RDONLY);
  if (!file.is_open()) {
    if (errno == ENOENT) return content;
    return failure("opening " + log_path());
  }
  struct stat facts = {};
  if (::fstat(file.number(), &facts) != 0) return failure("reading " + log_path());
  content.resize(static_cast<std::size_t>(facts.st_size));
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.number(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("reading " + log_path());
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.resize(size);
  return content;
}

std::expected<std::string, std::error_code> StateDirectory::set_aside() {
  std::string copy = log_path() + ".damaged";
  ::unlink(copy.c_str());
  if (::link(log_path().c_str(), copy.c_str()) != 0) return std::unexpected(last_error());
  return copy;
}

std::error_code StateDirectory::append(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(log_.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  const bool wait = durability_ == Durability::power && !in_snapshot_;
  return wait && ::fdatasync(log_.number()) != 0 ? last_error() : std::error_code{};
}

std::error_code StateDirectory::begin_snapshot() {
  log_ = open_file(new_path(), O_WRONLY | O_CREAT | O_TRUNC);
  in_snapshot_ = true;
  return log_.is_open() ? std::error_code{} : last_error();
}

// Only a file whose bytes are on the disk may take the name: else a power cut could leave neither old nor new state.
std::error_code StateDirectory::end_snapshot() {
  in_snapshot_ = false;
  if (::fsync(log_.number()) != 0) return last_error();
  if (std::rename(new_path().c_str(), log_path().c_str()) != 0) return last_error();
  const FileDescriptor directory = open_file(path_, O_RDONLY | O_DIRECTORY);
  return directory.is_open() && ::fsync(directory.number()) == 0 ? std::error_code{} : last_error();
}

}  // namespace mqtk
