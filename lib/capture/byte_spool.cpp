#include "capture/byte_spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mqtk {
namespace {

int open_nameless(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  // Not every file system can.
  std::string name = folder + "/.mqtk-spool-XXXXXX";
  const int named = ::mkstemp(name.data());
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

ByteSpool::~ByteSpool() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ByteSpool::append(Bytes bytes) {
  memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  if (memory_.size() > memory_bytes && !error_) spill();
}

void ByteSpool::spill() {
  if (descriptor_ < 0) descriptor_ = open_nameless(folder_);
  if (descriptor_ < 0) {
    error_ = {errno, std::system_category()};
    return;
  }
  std::size_t done = 0;
  while (done < memory_.size()) {
    const ssize_t count =
        ::pwrite(descriptor_, memory_.data() + done, memory_.size() - done, static_cast<off_t>(in_file_ + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error_ = {errno, std::system_category()};
      return;
    }
    done += static_cast<std::size_t>(count);
  }
  in_file_ += memory_.size();
  memory_.clear();
}

void ByteSpool::shrink(std::uint64_t size) {
  if (size >= in_file_) {
    memory_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - in_file_, memory_.size())));
  } else {
    in_file_ = size;
    memory_.clear();
  }
}

std::size_t ByteSpool::read(std::uint64_t offset, MutableBytes to) {
  std::size_t done = 0;
  while (done < to.size() && offset + done < in_file_) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(to.size() - done, in_file_ - offset - done));
    const ssize_t count = ::pread(descriptor_, to.data() + done, wanted, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      error_ = {count < 0 ? errno : EIO, std::system_category()};
      return done;
    }
    done += static_cast<std::size_t>(count);
  }
  const std::uint64_t in_memory = offset + done - in_file_;
  if (in_memory < memory_.size()) {
    const Bytes rest = Bytes{memory_}.subspan(static_cast<std::size_t>(in_memory));
    const Bytes part = rest.first(std::min(rest.size(), to.size() - done));
    std::ranges::copy(part, to.begin() + static_cast<std::ptrdiff_t>(done));
    done += part.size();
  }
  return done;
}

}  // namespace mqtk
