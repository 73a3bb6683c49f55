#include "capture/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mqtk {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(descriptor_); }

  std::uint64_t size() const override { return size_; }

  std::expected<std::size_t, std::error_code> read(std::uint64_t offset, MutableBytes to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const ssize_t count = ::pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(std::error_code{errno, std::system_category()});
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  int descriptor_;
  std::uint64_t size_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(bytes) {}

  std::uint64_t size() const override { return bytes_.size(); }

  std::expected<std::size_t, std::error_code> read(std::uint64_t offset, MutableBytes to) override {
    if (offset >= bytes_.size()) return 0;
    const Bytes part = bytes_.subspan(offset, std::min<std::size_t>(to.size(), bytes_.size() - offset));
    std::ranges::copy(part, to.begin());
    return part.size();
  }

 private:
  Bytes bytes_;
};

}  // namespace

std::expected<std::unique_ptr<ByteSource>, std::error_code> open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(std::error_code{errno, std::system_category()});
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(descriptor);
    return std::unexpected(std::error_code{error, std::system_category()});
  }
  return std::make_unique<FileSource>(descriptor, static_cast<std::uint64_t>(status.st_size));
}

std::unique_ptr<ByteSource> memory_source(Bytes bytes) { return std::make_unique<MemorySource>(bytes); }

Bytes SourceWindow::at(std::uint64_t offset, std::size_t count) {
  const std::uint64_t size = source_.size();
  if (offset >= size) return {};
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, size - offset));
  if (offset < start_ || offset + count > start_ + buffer_.size()) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(count, block_bytes), size - offset));
    // A large record leaves no large window behind.
    if (buffer_.capacity() > 4 * std::max(wanted, block_bytes)) std::vector<std::uint8_t>{}.swap(buffer_);
    buffer_.resize(wanted);
    start_ = offset;
    const auto read = source_.read(offset, buffer_);
    if (!read) error_ = read.error();
    buffer_.resize(read.value_or(0));
  }
  const Bytes held{buffer_};
  return held.subspan(offset - start_, std::min<std::size_t>(count, held.size() - (offset - start_)));
}

}  // namespace mqtk
