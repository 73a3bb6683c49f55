#include "broker/state_storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

namespace mqtk {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

std::unexpected<NetError> failure(std::string doing) {
  return std::unexpected(NetError{std::move(doing), last_error()});
}

FileDescriptor open_file(const std::string& path, int flags) {
  return FileDescriptor{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
}

std::error_code append_to(const FileDescriptor& file, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

// Has the new log take the place of the old one, in a thread of its own: the disk may take its time, and the broker's
// clients must not wait for it.
class StateDirectory::Exchange {
 public:
  Exchange(int log, std::string from, std::string to, std::string directory)
      : thread_([this, log, from = std::move(from), to = std::move(to), directory = std::move(directory)] {
          error_ = put_in_place(log, from, to);
          if (!error_) error_ = write_name(directory);
          done_.store(true, std::memory_order_release);
        }) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { wait(); }

  [[nodiscard]] bool done() const { return done_.load(std::memory_order_acquire); }
  void wait() {
    if (thread_.joinable()) thread_.join();
  }
  // Once it is done:
  [[nodiscard]] std::error_code error() const { return error_; }
  [[nodiscard]] bool renamed() const { return renamed_; }

 private:
  // Only a file whose bytes are on the disk may take the name: else a power cut could leave neither old nor new state.
  std::error_code put_in_place(int log, const std::string& from, const std::string& to) {
    if (::fsync(log) != 0) return last_error();
    renamed_ = std::rename(from.c_str(), to.c_str()) == 0;
    return renamed_ ? std::error_code{} : last_error();
  }
  static std::error_code write_name(const std::string& directory) {
    const FileDescriptor opened = open_file(directory, O_RDONLY | O_DIRECTORY);
    return opened.is_open() && ::fsync(opened.number()) == 0 ? std::error_code{} : last_error();
  }

  std::error_code error_;
  bool renamed_ = false;
  std::atomic<bool> done_ = false;
  std::thread thread_;  // last: it uses the others
};

StateDirectory::StateDirectory(std::string path, Durability durability)
    : path_(std::move(path)), durability_(durability) {}
StateDirectory::StateDirectory(StateDirectory&&) noexcept = default;
StateDirectory::~StateDirectory() = default;

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
  const off_t size = ::lseek(log_.number(), 0, SEEK_END);
  if (const auto error = append_to(log_, bytes)) {
    // Nothing may follow half a frame.
    if (size < 0 || ::ftruncate(log_.number(), size) != 0 || ::lseek(log_.number(), size, SEEK_SET) != size) log_ = {};
    return error;
  }
  if (durability_ == Durability::process || ::fdatasync(log_.number()) == 0) return {};
  const std::error_code error = last_error();
  log_ = {};  // nobody knows what of it is on the disk
  return error;
}

std::error_code StateDirectory::begin_snapshot() {
  snapshot_ = open_file(new_path(), O_WRONLY | O_CREAT | O_TRUNC);
  return snapshot_.is_open() ? std::error_code{} : last_error();
}

std::error_code StateDirectory::append_to_snapshot(Bytes bytes) {
  if (const auto error = append_to(snapshot_, bytes)) return error;
  // Before, the disk is waited for at the end.
  const bool wait = durability_ == Durability::power && exchange_ != nullptr;
  return wait && ::fdatasync(snapshot_.number()) != 0 ? last_error() : std::error_code{};
}

void StateDirectory::finish_snapshot() {
  exchange_ = std::make_unique<Exchange>(snapshot_.number(), new_path(), log_path(), path_);
}

std::expected<bool, std::error_code> StateDirectory::snapshot_finished(Wait wait) {
  if (wait == Wait::no && !exchange_->done()) return false;
  exchange_->wait();
  if (exchange_->error()) return std::unexpected(exchange_->error());
  exchange_.reset();
  log_ = std::exchange(snapshot_, {});
  return true;
}

bool StateDirectory::abandon_snapshot() {
  if (exchange_ != nullptr) exchange_->wait();
  const bool old_is_there = exchange_ == nullptr || !exchange_->renamed();
  exchange_.reset();
  snapshot_ = {};
  if (old_is_there) ::unlink(new_path().c_str());
  return old_is_there;
}

}  // namespace mqtk
